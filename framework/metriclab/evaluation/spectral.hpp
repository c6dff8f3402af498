// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/SparseCore>
#include <cstdint>
#include <metriclab/data/examples.hpp>
#include <metriclab/plugin/random.hpp>

namespace metriclab {

using SparseMatrix = Eigen::SparseMatrix<double, Eigen::RowMajor, std::int64_t>;

/// The normalised graph of nearest neighbours of X (n × d),
///
///     S = D^(−½) W D^(−½),  D = diag(Σ_j W_ij)
///     W = (A + Aᵀ) / 2
///     A_ij = 1 where j is among the n_neighbors nearest of i
///
/// else 0; (n × n), symmetric, eigenvalues in −1 … 1, of which 1 has as many as the graph has
/// parts. 1 ≤ n_neighbors < n. Cost: one search, in double.
SparseMatrix neighbor_graph(const Matrix& X, std::int64_t n_neighbors);

/// Orthonormal vectors (n × k) that span the space of the k greatest eigenvalues of S, whose
/// eigenvalues are in −1 … 1.
///
/// Up to 500 rows by a dense decomposition. Beyond by subspace iteration with Chebyshev polynomials
/// (Zhou, Saad, Tiago, Chelikowsky. Self-consistent-field calculations using Chebyshev-filtered
/// subspace iteration. Journal of Computational Physics 2006), from a start drawn from `random`, on
/// k + max(k/4, 10) vectors, until ‖S v − λ v‖ ≤ 1e-8 for each of the k, or after 300 rounds: where
/// eigenvalues are so near that this does not tell them apart, either vector will do.
/// O(rounds · (degree · entries of S · k + n·k²)) time, O(n·k) memory.
Matrix greatest_eigenvectors(const SparseMatrix& S, std::int64_t k, Random random);

}  // namespace metriclab
