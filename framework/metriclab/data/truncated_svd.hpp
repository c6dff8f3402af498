// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/SparseCore>
#include <metriclab/data/examples.hpp>
#include <metriclab/plugin/random.hpp>

namespace metriclab {

/// The greatest singular values of a matrix, falling, and their vectors: A ≈ U diag(σ) Vᵀ.
struct TruncatedSvd {
  Matrix left;    // U (m × r)
  Vector values;  // σ (r)
  Matrix right;   // V (n × r)
};

/// The `rank` greatest singular values and vectors of a sparse A (m × n), 1 ≤ rank ≤ min(m, n).
///
/// Block Krylov iteration on the smaller of AᵀA and AAᵀ, from a random block, until
///
///     max over the r vectors of ‖AᵀA v − σ² v‖ ≤ 10⁻¹⁰ σ₁²
///
/// or the whole space is spanned. Singular values at or below 10⁻⁷ σ₁ are 0, with zero vectors on
/// the larger side. The entry of greatest size of each left vector (the first of equal ones) is
/// positive. Cost: a step takes O(nnz (r + 10)) time, and a few steps, with k vectors in all,
/// O(min(m, n) k²) time and O((m + n) k) memory. Source: Musco, Musco. Randomized block Krylov
/// methods for stronger and faster approximate singular value decomposition. NIPS 2015.
TruncatedSvd truncated_svd(const Eigen::SparseMatrix<double>& matrix, std::int64_t rank,
                           Random random);

}  // namespace metriclab
