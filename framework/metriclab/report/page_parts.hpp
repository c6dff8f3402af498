// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <metriclab/plugin/value.hpp>
#include <metriclab/report/results.hpp>
#include <metriclab/report/table.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace metriclab {

// The files in page/, put into the library by the build.
std::string_view page_template();
std::string_view page_style();
std::string_view page_script();

/// The exhibits of these runs (experiment/exhibit.hpp) as the page's script takes them: a list of
/// one object for each data set,
///
///     {"name": …, "split": …, "seed": …, "n_test": …, "classes": …, "shown_classes": …,
///      "best": METHOD, "examples": {INDEX: {"label", "target", "picture", "text"}, …},
///      "methods": [{"name": …, "reason": …, "points": [INDEX, …], "pca": [[x, y], …],
///                   "tsne": [[x, y], …], "shares": …,
///                   "queries": [{"index", "chosen", "precision", "neighbors", "distances"}, …]}]}
///
/// with places from 0 to 4095 in a square. `table` tells which method is the best by its first
/// metric. Empty where no run has one; files that can't be used are told among `problems`.
Value::List page_exhibits(const Results& results, const Table& table,
                          std::vector<std::string>& problems);

/// Every run, or where there are too many those that did not end well.
std::string page_runs(const Results& results);

/// Specs and environments.
std::string page_reproduction(const std::vector<std::filesystem::path>& folders,
                              const Results& results);

}  // namespace metriclab
