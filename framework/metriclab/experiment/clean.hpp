// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <metriclab/experiment/results_folder.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// What a folder of results holds of runs that its plan does not ask for.
struct NotAskedFor {
  std::vector<RunFile> files;
  std::uintmax_t bytes = 0;                    // of all of them
  std::map<std::string, std::size_t> parts;    // how many are in which folder
  std::map<std::string, std::size_t> methods;  // of how many results a method is; "?" unreadable
  std::size_t kept = 0;                        // results that are asked for
};

/// Finds it. Throws Error where plan.json is missing, can't be read, or asks for nothing: what is
/// asked for is not known then.
NotAskedFor not_asked_for(const std::filesystem::path& folder);

/// Removes those files. Throws FileError naming what can't be removed.
void remove_files(const NotAskedFor& what);

}  // namespace metriclab
