// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/deep/batch.hpp>
#include <vector>

namespace metriclab {

// What losses without labels learn from: rows of a batch that are views of the same example, which
// Batch::examples tells by equal numbers.

/// For each row how many of those before it are views of its example: 0 for a first view. Throws
/// Error where no example has two.
std::vector<std::int64_t> view_numbers(const Batch& batch);

/// Throws Error where a reference set can't be the second views of the batch's rows, row by row.
void check_second_views(const Batch& batch);

/// Two views each of n examples, (n × d): row i of both is the same example.
struct ViewPairs {
  at::Tensor first, second;
};

/// With a reference set, the batch and that, row by row. Otherwise an example's views are paired in
/// their order, the first with the second, the third with the fourth; one left over has no part.
/// Throws Error where there is no pair.
ViewPairs view_pairs(const Batch& batch);

}  // namespace metriclab
