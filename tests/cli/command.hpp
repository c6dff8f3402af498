// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>

namespace metriclab::testing {

struct Outcome {
  int exit_code = -1;
  std::string output;  // stdout
  std::string errors;  // stderr
};

/// A fresh folder, gone with the test.
struct Folder {
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string operator/(const std::string& name) const { return (path / name).string(); }
  void write(const std::string& name, const std::string& text) const;
  std::filesystem::path path;
};

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Runs the built command with these arguments, as a shell has them; `environment`: settings such
/// as "A=1 B=2" before it.
Outcome run(const std::string& arguments, const std::string& environment = "");

}  // namespace metriclab::testing
