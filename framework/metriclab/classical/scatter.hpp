// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/classical/solver.hpp>
#include <string_view>
#include <vector>

namespace metriclab {

/// Scatter within groups of examples.
struct GroupScatter {
  /// (d × d) Σ_g w_g Σ_{i in g} (x_i − m_g)(x_i − m_g)ᵀ, one for each weighting asked for.
  std::vector<Matrix> sums;
  Matrix means;  // (groups × d), m_g
};

/// Of groups that are not empty, the examples read in blocks by SolverProblem::rows() once.
/// `weights[k]` gives w_g of the k-th sum by the size of the group. Blocks of one group are merged
/// by their means (Chan, Golub, LeVeque. Algorithms for computing the sample variance. The American
/// Statistician 1983), so data far from the origin lose nothing. O(m·d²) time for m examples and
/// one sum or several, O(groups·d + d²) memory.
GroupScatter scatter_within(const SolverProblem& problem, const std::vector<Indices>& groups,
                            const std::vector<std::function<double(std::int64_t size)>>& weights);

/// Σ_g n_g (m_g − m)(m_g − m)ᵀ, (d × d), for groups of these sizes with these means (rows); m is
/// the mean of all their examples.
Matrix scatter_between(const Matrix& means, const Vector& sizes);

/// Sums of (x_i − x_j)(x_i − x_j)ᵀ over pairs, (d × d), and how many these are.
struct PairScatter {
  Matrix similar, dissimilar;
  double n_similar = 0, n_dissimilar = 0;
};

/// Over these pairs; in blocks, O(pairs · d²).
PairScatter pair_scatter(const SolverProblem& problem, const std::vector<LabelledPair>& pairs);

/// Over all the pairs of examples, similar where the class is the same, from class means and the
/// scatter within classes W_c (S = Σ_c n_c W_c, D = Σ_c (n − n_c) W_c + n·S_b): O(n·d²), not
/// O(n²·d²).
PairScatter pair_scatter(const SolverProblem& problem, const std::vector<Indices>& members);

/// Over the given pairs; or of the labels over up to `n_constraints` pairs of either kind drawn at
/// random (require_pairs), or all pairs where that is null. Throws Error as require_pairs, and
/// where there is no pair of a kind or all pairs of a kind are of equal examples.
PairScatter require_pair_scatter(const SolverProblem& problem,
                                 const std::optional<std::int64_t>& n_constraints,
                                 std::string_view solver);

/// The differences x_i − x_j of the similar, or of the dissimilar, among these pairs, as rows.
Matrix pair_differences(const SolverProblem& problem, const std::vector<LabelledPair>& pairs,
                        bool similar);

/// W (rank × d) with W·A·Wᵀ = I and Wᵀ·W = A⁺ for a PSD A, features with A_jj = 0 left out. Where
/// A is regular but for those, whatever the units of its features, W is as RangeInverse
/// (eigenproblem.hpp) has it; otherwise A's eigenvectors over the roots of their eigenvalues, of
/// those above 10⁻¹³ of the largest. No rows where A = 0.
Matrix whitening(const Matrix& A);

/// Adds part·(tr(A)/d)·I.
void add_ridge(Matrix& A, double part);

}  // namespace metriclab
