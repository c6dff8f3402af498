// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/classical/pair_sums.hpp>
#include <vector>

namespace metriclab {

/// The triplets of neighbours that the order of the labels ranks, d(i, a) < d(i, b):
///
///     T = {(i, a, b): a, b in N(i), y_i ≤ y_a < y_b or y_i ≥ y_a > y_b}
///
/// N(i): the `own` nearest of x_i's class and the `others` nearest of all other classes together,
/// Euclidean, ties by index, fewer where there are not that many. So a is of x_i's class and b is
/// not, or both are of other classes on the same side of y_i and b is the farther one.
///
/// Triplets are never listed: those of an example are ranges of its pairs. Memory O(n·(own +
/// others)), an evaluation O(|T|), |T| ≤ n·(own·others + others²/2).
class OrdinalTriplets {
 public:
  /// X (n × d), y (n) and the examples of each class. O(n²·d) time.
  OrdinalTriplets(const Matrix& X, const std::vector<std::int32_t>& y,
                  const std::vector<Indices>& members, std::int64_t own, std::int64_t others);

  /// (i, a) for each a in N(i), example after example.
  const std::vector<RowPair>& pairs() const { return pairs_; }
  std::int64_t count() const { return count_; }

  /// Means over T of what the hinge of u = 1 + d(i, a) − d(i, b) gives.
  struct Means {
    double hinge = 0;   // [u]₊
    double smooth = 0;  // the greatest wu − width·w²/2 of 0 ≤ w ≤ 1
    double weight = 0;  // that w
    double slack = 0;   // [u]₊ − wu
  };
  /// For the distances (pairs) of the pairs; the derivative of `smooth` by each of them is written
  /// to `slopes` (pairs). width > 0. There must be a triplet.
  Means operator()(const Vector& distances, double width, Vector& slopes) const;

 private:
  std::vector<RowPair> pairs_;
  // (pairs) A pair (i, a) and each of the pairs (i, b) from begin_ up to end_ make a triplet.
  std::vector<std::int32_t> begin_, end_;
  std::int64_t count_ = 0;
};

}  // namespace metriclab
