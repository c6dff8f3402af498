// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <metriclab/data/dataset.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/plugin/registry.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// A folder that is gone at the end of the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "metriclab-test-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, const std::string& content) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    write_file_whole(file, content);
    return file;
  }

 private:
  std::filesystem::path path_;
};

/// The data set of a plugin block in JSON.
inline std::unique_ptr<Dataset> make_dataset(const std::string& json) {
  static Registry registry(Registry::standard_folders());
  return registry.make<Dataset>(parse_json(json));
}

inline Data load(const std::string& json, const Places& places = Places::beside("")) {
  return make_dataset(json)->load(places);
}

/// What loading complains of, "" when it doesn't.
inline std::string complaint(const std::string& json, const Places& places = Places::beside("")) {
  try {
    make_dataset(json)->load(places);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// How many examples each class has, by its name.
inline std::map<std::string, std::int64_t> counts(const LabelColumn& column) {
  std::map<std::string, std::int64_t> count;
  for (std::int32_t label : column.values)
    ++count[column.classes.at(static_cast<std::size_t>(label))];
  return count;
}

/// Whether the real data are there; says so where they aren't.
inline bool has_data() {
  if (std::getenv("METRICLAB_DATA") != nullptr) return true;
  MESSAGE("skipped: $METRICLAB_DATA is not set");
  return false;
}

}  // namespace metriclab
