// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/classical/solver.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace metriclab {

/// Directions as rows, by falling `values`.
struct Directions {
  Matrix rows;
  Vector values;
};

// `solver` stands in messages.

/// The eigenvectors of the covariance (1/(n − 1)) with their variances: as many as the rank of the
/// centred data (variances above max(n, d)·2⁻⁵² of the largest), or the leading `components` of
/// these. Throws Error where all examples are equal. O(n·d² + d³), and for d > n by the products of
/// examples O(n²·d + n³).
Directions principal_components(const Matrix& X, std::string_view solver,
                                const std::optional<std::int64_t>& components = std::nullopt);

/// The same of a covariance of n examples, (d × d).
Directions principal_components_of(Matrix covariance, std::int64_t n, std::string_view solver,
                                   const std::optional<std::int64_t>& components);

/// Linear discriminants: S_b w = λ S w, rows · S · rowsᵀ = I, by falling λ;
///
///     S = S_w + regularization·diag(S_w)
///     S_w = Σ_c Σ_{i in c} (x_i − m_c)(x_i − m_c)ᵀ / (n − C),  S_b = Σ_c n_c (m_c − m)(m_c − m)ᵀ /
///     (n − C)
///
/// m_c, m: means of class c and of all; C: the number of classes that have examples, which is above
/// the number of rows. S is inverted on its range, features first scaled by their within-class
/// deviation, with eigenvalues above 10⁻¹⁰ of the largest: directions without within-class scatter
/// are left out. With `rotate` it is S_w + regularization·(tr(S_w)/d)·I, and features are not
/// scaled: then the directions rotate with the input. Throws Error where every example has a class
/// of its own, and where there is no scatter within or between classes. The examples are read in
/// blocks. O(n·d² + d³).
Directions discriminants(const SolverProblem& problem, const std::vector<Indices>& members,
                         double regularization, std::string_view solver, bool rotate = false);

/// The names that initial_transformation knows.
std::vector<std::string> initial_transformation_names();

/// Where an iterative solver begins, (r × d), r = `components` or d:
///
///     "identity"    the first r rows of I
///     "pca"         the leading r principal components
///     "covariance"  the same, each scaled to unit variance
///     "lda"         the leading r discriminants (r ≤ classes − 1)
///     "random"      independent normal numbers of variance 1/d, from the problem's stream
///     "auto"        "identity" when all d are kept, otherwise "lda" if r ≤ classes − 1 and "pca"
///     if not
///
/// "pca" and "covariance" of fewer directions than r are filled up with rows of zeros only where r
/// is not given. Throws Error where r is more than there is.
Matrix initial_transformation(const std::string& name, const SolverProblem& problem,
                              const std::optional<std::int64_t>& components,
                              std::string_view solver);

/// L of a saved model of a linear solver: of the folder that holds its L.npy, or a .npy file of its
/// own, (r × d). Throws Error where it is not there, not finite, of another d than the problem's,
/// or of another r than `components`, where that is given.
Matrix saved_transformation(const std::string& path, std::int64_t d,
                            const std::optional<std::int64_t>& components);

/// The names that initial_metric knows: "identity", "covariance", "random".
std::vector<std::string> initial_metric_names();

/// Where a solver for M begins, or what it stays near to, (d × d), positive definite:
///
///     "identity"    I
///     "covariance"  the inverse of the covariance; Error where that is singular
///     "random"      AᵀA/d for a (d × d) A of independent normal numbers, from the problem's stream
Matrix initial_metric(const std::string& name, const SolverProblem& problem,
                      std::string_view parameter);

}  // namespace metriclab
