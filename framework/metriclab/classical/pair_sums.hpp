// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
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

/// (count): (x_i − x_j)·(y_i − y_j) of each pair, X and Y (n × r): for Y = X·M the squared distance
/// under M, which needs no factor. O(count·r).
Vector pair_products(const Matrix& X, const Matrix& Y, const std::vector<RowPair>& pairs);

/// (count): Σ_b w_ib (r_ib − r_jb)² of each pair (i, j), weighed by its first row; R and W (n × K).
/// The other adds Σ_k slope_k·∂/∂W of these to `gradient` (n × K). O(count·K).
Vector weighted_pair_distances(const Matrix& R, const Matrix& W, const std::vector<RowPair>& pairs);
void add_weight_derivatives(const Matrix& R, const std::vector<RowPair>& pairs,
                            const Vector& slopes, Matrix& gradient);

/// Adds Σ_k w_k (e_i − e_j)(e_i − e_j)ᵀ·Z over the pairs (i, j) to `sum` (n × r); pairs of weight 0
/// cost nothing. For Z = X·Lᵀ, sumᵀ·X is then L·Σ_k w_k v_k v_kᵀ with v_k = x_i − x_j, so that sums
/// over many pairs cost one product with the n examples. O(count·r).
void add_laplacian(const Matrix& Z, const std::vector<RowPair>& pairs, const Vector& weights,
                   Matrix& sum);

/// Σ_k w_k v_k v_kᵀ, v_k = x_i − x_j, (d × d): O(count·d + n·d²).
Matrix scatter_of_pairs(const Matrix& X, const std::vector<RowPair>& pairs, const Vector& weights);

/// Triplets d(i, j) < d(i, l) with each of their pairs once: triplet t is about pairs near[t] =
/// (i, j) and far[t] = (i, l). The first of a pair is the triplet's i, so that (i, j) and (j, i)
/// are two. Triplets and pairs are put into rising order, whatever order they come in.
struct TripletPairs {
  std::vector<RowPair> pairs;
  std::vector<std::int32_t> near, far;
};
TripletPairs pairs_of_triplets(std::vector<std::array<std::int64_t, 3>> triplets);

}  // namespace metriclab
