// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <metriclab/plugin/value.hpp>
#include <set>
#include <string>
#include <vector>

namespace metriclab {

// What `merge` and `clean` know of a folder `results/<experiment>/`: files alone, neither spec nor
// plugins.

/// What a JSON file holds; null where there is none, or none that can be read.
Value read_or_null(const std::filesystem::path& file);

/// plan.json there, whose "runs" is a list; throws Error naming the file where there is none that
/// this metriclab can read.
Value read_plan(const std::filesystem::path& folder);
/// The ids of a plan's runs and trials.
std::set<std::string> asked_ids(const Value& plan);

/// A file or a folder of one run: runs/<id>.json, models/<id>/, or whatever else is named after an
/// id in a folder of the folder.
struct RunFile {
  std::string part;  // "runs", "models", …
  std::string id;
  std::filesystem::path path;
};
/// All of them, by part and name; names that begin with a dot are being written. Throws Error where
/// a folder can't be read.
std::vector<RunFile> files_of_runs(const std::filesystem::path& folder);

/// "iris, fold 1, lda, seed 1" of a run's coordinates, as plans and results have them.
std::string coordinates_text(const Value& run);

/// Throws Error with a hint where that isn't a folder of results.
void require_results(const std::filesystem::path& folder);

}  // namespace metriclab
