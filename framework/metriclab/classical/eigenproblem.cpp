// SPDX-License-Identifier: BSD-3-Clause
#include <lapacke.h>

#include <algorithm>
#include <cmath>
#include <metriclab/classical/eigenproblem.hpp>

namespace metriclab {
namespace {

// LAPACK's matrices are by columns: what is the lower triangle by rows is its upper one, and its
// eigenvectors, columns there, are rows here.
constexpr int kLayout = LAPACK_COL_MAJOR;
constexpr char kTriangle = 'U';

lapack_int size_of(const Matrix& A) { return static_cast<lapack_int>(A.rows()); }

void check(lapack_int info) {
  METRICLAB_CHECK(info == 0, "an eigenvalue iteration that did not converge");
}

}  // namespace

SymmetricEigen leading_eigen(Matrix A, std::int64_t count) {
  const std::int64_t d = A.rows();
  METRICLAB_CHECK(count >= 0 && count <= d, "more eigenvalues than there are");
  if (count == 0) return {};
  if (4 * count > d) {
    SymmetricEigen eigen = symmetric_eigen(std::move(A));
    return {eigen.values.head(count), eigen.vectors.topRows(count)};
  }
  Vector rising(d);
  Matrix vectors(count, d);
  std::vector<lapack_int> support(static_cast<std::size_t>(2 * count));
  lapack_int found = 0;
  check(LAPACKE_dsyevr(kLayout, 'V', 'I', kTriangle, size_of(A), A.data(), size_of(A), 0, 0,
                       static_cast<lapack_int>(d - count + 1), size_of(A), 0, &found, rising.data(),
                       vectors.data(), size_of(A), support.data()));
  METRICLAB_CHECK(found == count, "fewer eigenvalues than there are");
  SymmetricEigen eigen{rising.head(count).reverse(), vectors.colwise().reverse()};
  fix_signs(eigen.vectors);
  return eigen;
}

Matrix gram(const Eigen::Ref<const Matrix>& A) {
  Matrix result = Matrix::Zero(A.cols(), A.cols());
  if (A.rows() == 0) return result;  // Eigen divides by it when it chooses the sizes of its blocks
  result.selfadjointView<Eigen::Lower>().rankUpdate(A.transpose());
  result.triangularView<Eigen::StrictlyUpper>() = result.transpose();
  return result;
}

Matrix symmetric_product(const Matrix& A, const Matrix& B) {
  constexpr std::int64_t kPanel = 96;  // columns; wide enough for a product's blocks
  const std::int64_t d = A.cols();
  Matrix result(d, d);
  for (std::int64_t begin = 0; begin < d; begin += kPanel) {
    const std::int64_t count = std::min(kPanel, d - begin), rest = d - begin;
    result.block(begin, begin, rest, count).noalias() =
        A.rightCols(rest).transpose() * B.middleCols(begin, count);
  }
  result.triangularView<Eigen::StrictlyUpper>() = result.transpose();
  return result;
}

RangeInverse::RangeInverse(const Matrix& B, bool scale) : d_(B.rows()) {
  METRICLAB_CHECK(B.rows() == B.cols(), "the inverse of a matrix that is not square");
  for (std::int64_t j = 0; j < d_; ++j)
    if (B(j, j) > 0) kept_.push_back(j);
  const auto m = static_cast<std::int64_t>(kept_.size());
  if (m == 0) return;
  scale_.resize(m);
  for (std::int64_t j = 0; j < m; ++j) {
    const std::int64_t at = kept_[static_cast<std::size_t>(j)];
    scale_[j] = scale ? 1 / std::sqrt(B(at, at)) : 1;
  }
  Matrix scaled(m, m);
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j <= i; ++j)
      scaled(i, j) = scale_[i] * scale_[j] *
                     B(kept_[static_cast<std::size_t>(i)], kept_[static_cast<std::size_t>(j)]);
  const auto n = static_cast<lapack_int>(m);
  const double norm = LAPACKE_dlansy(kLayout, '1', kTriangle, n, scaled.data(), n);
  Matrix factor = scaled;
  double rcond = 0;
  // The reciprocal condition number in the 1-norm is not above that in the 2-norm.
  if (LAPACKE_dpotrf(kLayout, kTriangle, n, factor.data(), n) == 0)
    LAPACKE_dpocon(kLayout, kTriangle, n, factor.data(), n, norm, &rcond);
  if (rcond > 1e-8) {
    triangular_ = true;
    rank_ = m;
    factor_ = std::move(factor);
    return;
  }
  const SymmetricEigen eigen = symmetric_eigen(std::move(scaled));
  rank_ = eigen.values[0] > 0 ? numerical_rank(eigen.values.cwiseMax(0), 1e-10) : 0;
  factor_ = eigen.values.head(rank_).cwiseSqrt().cwiseInverse().asDiagonal() *
            eigen.vectors.topRows(rank_) * scale_.asDiagonal();
}

Matrix RangeInverse::map(const Matrix& rows) const {
  Matrix kept = rows(Eigen::all, kept_);
  if (!triangular_) return kept * factor_.transpose();
  kept = kept * scale_.asDiagonal();
  factor_.triangularView<Eigen::Lower>().transpose().solveInPlace<Eigen::OnTheRight>(kept);
  return kept;
}

Matrix RangeInverse::lift(const Matrix& V) const {
  Matrix result = Matrix::Zero(V.rows(), d_);
  if (triangular_) {
    Matrix kept = V;
    factor_.triangularView<Eigen::Lower>().solveInPlace<Eigen::OnTheRight>(kept);
    result(Eigen::all, kept_) = kept * scale_.asDiagonal();
  } else {
    result(Eigen::all, kept_) = V * factor_;
  }
  return result;
}

Matrix RangeInverse::reduce(const Matrix& A) const {
  const auto m = static_cast<std::int64_t>(kept_.size());
  Matrix kept(m, m);
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j <= i; ++j)
      kept(i, j) = A(kept_[static_cast<std::size_t>(i)], kept_[static_cast<std::size_t>(j)]);
  if (!triangular_) {
    kept.triangularView<Eigen::StrictlyUpper>() = kept.transpose();
    return factor_ * kept * factor_.transpose();
  }
  for (std::int64_t i = 0; i < m; ++i) kept.row(i) *= scale_[i];
  kept = kept * scale_.asDiagonal();
  const auto n = static_cast<lapack_int>(m);
  check(LAPACKE_dsygst(kLayout, 1, kTriangle, n, kept.data(), n, factor_.data(), n));
  return kept;
}

SymmetricEigen generalized_eigen(const Matrix& A, const RangeInverse& W, std::int64_t count) {
  const std::int64_t most = std::min(count, W.rank());
  if (most == 0) return {};
  SymmetricEigen eigen = leading_eigen(W.reduce(A), most);
  eigen.vectors = W.lift(eigen.vectors);
  fix_signs(eigen.vectors);
  return eigen;
}

}  // namespace metriclab
