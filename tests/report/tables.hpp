// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/report/table.hpp>
#include <string>
#include <vector>

#include "fixture.hpp"

namespace report_test {

using Keys = std::vector<std::vector<std::string>>;

/// methods × data sets × splits of knn.accuracy, in that nesting.
inline std::vector<WrittenRun> runs_of(
    const std::vector<std::string>& methods, const std::vector<std::string>& datasets,
    const std::vector<std::vector<std::vector<double>>>& values) {
  std::vector<WrittenRun> runs;
  for (std::size_t m = 0; m < methods.size(); ++m)
    for (std::size_t d = 0; d < datasets.size(); ++d)
      for (std::size_t s = 0; s < values[m][d].size(); ++s)
        runs.push_back({.dataset = datasets[d],
                        .method = methods[m],
                        .split = fmt::format("fold {}", s + 1),
                        .metrics = {{"knn.accuracy", values[m][d][s]}}});
  return runs;
}

inline Table table_of(const Folder& folder, const TableOptions& options = {}) {
  return make_table(read_results({folder.results()}, reading(options)), options);
}

inline std::vector<Coordinate> by(const char* coordinates) {
  return coordinates_from_string(coordinates);
}
inline std::vector<Condition> where(const std::vector<std::string>& texts) {
  std::vector<Condition> conditions;
  for (const std::string& text : texts) conditions.push_back(condition_from_string(text));
  return conditions;
}

/// margin 0.1 and 0.2 of triplet on x and y, each in two splits and with two seeds; euclidean,
/// which has no margin, once for each split.
inline std::vector<WrittenRun> grid_runs() {
  std::vector<WrittenRun> runs;
  for (const std::string dataset : {"x", "y"})
    for (int split = 1; split <= 2; ++split) {
      const std::string fold_name = fmt::format("fold {}", split);
      for (double margin : {0.1, 0.2})
        for (int seed = 1; seed <= 2; ++seed)
          runs.push_back({.dataset = dataset,
                          .method = fmt::format("triplet margin={}", margin),
                          .split = fold_name,
                          .seed = seed,
                          // 0.5 + margin, and 0.25 more on y.
                          .metrics = {{"knn.accuracy", 0.5 + margin + (dataset == "y" ? 0.25 : 0)},
                                      {"knn.error", 0.5 - margin - (dataset == "y" ? 0.25 : 0)}},
                          .parameters = fmt::format(
                              R"({{"plugin": "triplet", "loss": {{"margin": {}}}}})", margin),
                          .base = "triplet"});
      runs.push_back({.dataset = dataset,
                      .method = "euclidean",
                      .split = fold_name,
                      .metrics = {{"knn.accuracy", 0.65}, {"knn.error", 0.35}},
                      .parameters = R"({"plugin": "euclidean"})"});
    }
  return runs;
}

}  // namespace report_test
