// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <metriclab/plugin/value.hpp>
#include <optional>
#include <string>

namespace metriclab {

/// The folder `results/<experiment>/`: spec.json, plan.json, runs/<id>.json, exhibits/<id>.json,
/// models/<id>/, checkpoints/<id>/, logs/<id>.txt. Every file appears whole or not at all.
class ResultStore {
 public:
  /// Makes the folder where there is none, and keeps other runners out of it until destroyed.
  /// Throws Error when another one is at work there, or the folder can't be written to.
  explicit ResultStore(std::filesystem::path folder);
  ~ResultStore();
  ResultStore(const ResultStore&) = delete;
  ResultStore& operator=(const ResultStore&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path result(const std::string& id) const;
  std::filesystem::path model(const std::string& id) const;
  std::filesystem::path checkpoints(const std::string& id) const;
  std::filesystem::path exhibit(const std::string& id) const;
  std::filesystem::path log(const std::string& id) const;

  /// How a run ended, as its file tells; nullopt where there is none that can be read.
  struct Stored {
    std::string status;
    bool from_outside = false;
    double seconds = 0, memory = 0;  // of its whole process, and MiB at most; 0 where not told
  };
  std::optional<Stored> find(const std::string& id) const;
  void write(const std::string& id, const Value& result) const;
  void write_spec(const Value& document) const;
  void write_plan(const Value& plan) const;

  /// Whether a runner is at work in that folder, and which: "process 123 on host".
  static std::optional<std::string> runner_at(const std::filesystem::path& folder);

 private:
  std::filesystem::path folder_;
  int lock_ = -1;
};

}  // namespace metriclab
