// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/evaluation/evaluator.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace metriclab {

// What every classifier among the evaluators measures of the labels that it gives the test part:
//
//     accuracy           the part of the test examples that get their own label
//     balanced_accuracy  the mean over the test part's classes of the part of the class that does
//     macro_f1           the mean of F1 = 2·tp / (2·tp + fp + fn) over the classes that are there
//                        or are predicted
//
// A test example of a class that was never trained on can't get its label, and counts as wrong.

/// The three of these. `truth` and `predicted`: (n), n ≥ 1, any integers. O(n log classes).
std::vector<Metric> classification_metrics(std::span<const std::int32_t> truth,
                                           std::span<const std::int32_t> predicted);
/// The three without a value, and why.
std::vector<Metric> unclassified(const std::string& reason);

/// Why the labels of `train` say nothing of those of `test`: one of them is empty, or they share no
/// class. nullopt where they do.
std::optional<std::string> unclassifiable(const Embedded& test, const Embedded& train);

}  // namespace metriclab
