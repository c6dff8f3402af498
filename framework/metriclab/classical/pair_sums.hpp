// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/data/examples.hpp>
#include <vector>

namespace metriclab {

/// Two rows of a matrix.
struct RowPair {
  std::int32_t first, second;
};

/// (count): ‖z_i − z_j‖² of each pair (i, j) of rows of Z (n × r); O(count·r).
Vector pair_distances(const Matrix& Z, const std::vector<RowPair>& pairs);

/// Adds Σ_k w_k (e_i − e_j)(e_i − e_j)ᵀ·Z over the pairs (i, j) to `sum` (n × r); pairs of weight 0
/// cost nothing. For Z = X·Lᵀ, sumᵀ·X is then L·Σ_k w_k v_k v_kᵀ with v_k = x_i − x_j, so that sums
/// over many pairs cost one product with the n examples. O(count·r).
void add_laplacian(const Matrix& Z, const std::vector<RowPair>& pairs, const Vector& weights,
                   Matrix& sum);

/// Σ_k w_k v_k v_kᵀ, v_k = x_i − x_j, (d × d): O(count·d + n·d²).
Matrix scatter_of_pairs(const Matrix& X, const std::vector<RowPair>& pairs, const Vector& weights);

}  // namespace metriclab
