// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <metriclab/report/comparison.hpp>
#include <vector>

namespace metriclab {

/// The methods of a comparison on each of its data sets by itself: see `compare`. Takes from the
/// comparison its scores, ranks, control, options and correction; from the result files the sizes
/// of the splits. O(data sets·pairs·runs), and the bootstrap where there is one split.
std::vector<OnDataset> compare_within(const Comparison& comparison,
                                      const std::vector<std::filesystem::path>& folders);

}  // namespace metriclab
