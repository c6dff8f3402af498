// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace metriclab {

/// n_test/n_train of the split of one run, from its result file, runs/<id>.json in the first of the
/// folders that has one; none where the file doesn't say, or has no training example.
std::optional<double> test_over_train(const std::vector<std::filesystem::path>& folders,
                                      const std::string& id);

}  // namespace metriclab
