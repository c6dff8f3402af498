// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/classical/linear_algebra.hpp>

namespace metriclab {

/// The `count` greatest eigenvalues of a symmetric (d × d) matrix with their vectors, as
/// symmetric_eigen gives them. Only the lower triangle of A is read. O(d³): a quarter or fewer by
/// the method of multiple relatively robust representations, in a fraction of the time of all.
SymmetricEigen leading_eigen(Matrix A, std::int64_t count);

/// AᵀA (d × d), whole, of A (m × d); half the work of a product.
Matrix gram(const Eigen::Ref<const Matrix>& A);

/// AᵀB (d × d), of A and B (m × d) for which it is symmetric; half the work of a product.
Matrix symmetric_product(const Matrix& A, const Matrix& B);

/// W (rank × d) with W·B·Wᵀ = I, for a PSD B: what turns A w = λ B w into an eigenproblem of W·A·Wᵀ
/// alone, B being inverted on its range.
///
/// With features scaled to B_jj = 1 (those with B_jj = 0 are left out) W is the inverse Cholesky
/// factor where B's condition number is below 10⁸, and otherwise of its eigenvectors, those of
/// eigenvalues above 10⁻¹⁰ of the largest. `scale` false leaves features as they are, so that W
/// rotates with its input. Only the lower triangle of B is read.
class RangeInverse {
 public:
  explicit RangeInverse(const Matrix& B, bool scale = true);

  /// 0 where B = 0.
  std::int64_t rank() const { return rank_; }
  /// W·A·Wᵀ, (rank × rank); of a symmetric A only the lower triangle is read, and of the result
  /// only that is set.
  Matrix reduce(const Matrix& A) const;
  /// rows·Wᵀ, (m × rank), of (m × d).
  Matrix map(const Matrix& rows) const;
  /// V·W, (m × d), of (m × rank).
  Matrix lift(const Matrix& V) const;

 private:
  std::int64_t d_ = 0, rank_ = 0;
  Indices kept_;   // features with B_jj > 0
  Vector scale_;   // of those
  Matrix factor_;  // the lower Cholesky factor of the scaled B, or W itself for those features
  bool triangular_ = false;
};

/// A w = λ B w for a symmetric A and a PSD B, W that of RangeInverse: the `count` greatest λ with
/// rows·B·rowsᵀ = I; fewer where B's rank is less.
SymmetricEigen generalized_eigen(const Matrix& A, const RangeInverse& W, std::int64_t count);

}  // namespace metriclab
