// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/classical/linear_algebra.hpp>
#include <vector>

namespace metriclab {

/// Scatter of the differences from each example to its nearest ones, of its class and of others.
struct NeighborScatter {
  Matrix friends;  // (d × d) Σ_i Σ_{j in F(i)} (x_i − x_j)(x_i − x_j)ᵀ / |F(i)|
  Matrix enemies;  // likewise over E(i)
  std::int64_t n_friends = 0, n_enemies = 0;  // examples with a non-empty F(i), E(i)
};

/// F(i): the `n_friends` nearest of x_i's class, E(i): the `n_enemies` nearest of other classes,
/// Euclidean, ties by index, fewer where there are not that many. `members`: the examples of each
/// class. O(n²·d + n·(n_friends + n_enemies)·d²) time, O(n·d) memory.
NeighborScatter neighbor_scatter(const Matrix& X, const std::vector<Indices>& members,
                                 std::int64_t n_friends, std::int64_t n_enemies);

/// a_j ← exp(−a_j·scale·scales_j) for n numbers that are not negative: the affinities of a row of
/// squared distances, scaled for either end.
void scaled_exponentials(double* a, const double* scales, double scale, std::int64_t n);

}  // namespace metriclab
