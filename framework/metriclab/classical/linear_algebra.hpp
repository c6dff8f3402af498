// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/data/examples.hpp>

namespace metriclab {

/// Eigenvalues in falling order, with their vectors as the rows of `vectors`: A = vectorsᵀ ·
/// diag(values) · vectors. Signs are fixed: in each vector the entry of largest magnitude is
/// positive (the first of them on a tie), so that the same matrix gives the same bytes whatever
/// LAPACK does.
struct SymmetricEigen {
  Vector values;
  Matrix vectors;
};

/// Of a symmetric (d × d) matrix, of which only the lower triangle is read; O(d³), by divide and
/// conquer.
SymmetricEigen symmetric_eigen(Matrix A);

/// Turns each row so that its entry of largest magnitude is positive.
void fix_signs(Matrix& rows);

/// The nearest positive semidefinite matrix in Frobenius norm: negative eigenvalues become 0
/// (Higham. Computing a nearest symmetric positive semidefinite matrix. Linear Algebra and its
/// Applications 1988).
Matrix project_psd(const Matrix& M);

/// L with M = LᵀL, (r × d): one row √λ·v for each eigenvalue above `rank_tolerance` of the largest;
/// r is 1 at least, so that M = 0 gives a row of zeros. Eigenvalues below −10⁻⁸ of the largest are
/// a Bug: M is to be PSD.
Matrix factorize(const Matrix& M, double rank_tolerance = 0);

/// The number of leading `values` (falling, non-negative) above `tolerance` times the first.
std::int64_t numerical_rank(const Vector& values, double tolerance);

/// The mean of the rows of X, (d).
Vector mean(const Matrix& X);

/// XcᵀXc / (n − 1), Xc the centred X; (d × d), O(n·d²). n ≥ 2.
Matrix covariance(const Matrix& X);

/// How far the covariance of X is to be shrunk towards (tr/d)·I, in 0 … 1, for the least expected
/// squared error:
///
///     β²/δ²,  δ² = ‖S − μI‖²_F,  β² = min(δ², (Σ_k ‖x_k x_kᵀ − S‖²_F)/n²),  μ = tr(S)/d,  S =
///     XcᵀXc/n
///
/// Ledoit, Wolf. A well-conditioned estimator for large-dimensional covariance matrices. Journal of
/// Multivariate Analysis 2004, lemmas 3.2 to 3.5. O(n·d²). 0 where S is a multiple of I.
double ledoit_wolf_shrinkage(const Matrix& X);

/// The (n × n') squared Euclidean distances between the rows of A and those of B, on one matrix
/// product; never negative. The error is about 10⁻¹⁶ of the squared norms, so rows far from the
/// origin are better centred first.
Matrix squared_distances(const Eigen::Ref<const Matrix>& A, const Eigen::Ref<const Matrix>& B);

}  // namespace metriclab
