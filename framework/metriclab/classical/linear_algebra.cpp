// SPDX-License-Identifier: BSD-3-Clause
#include <lapacke.h>

#include <algorithm>
#include <cmath>
#include <metriclab/classical/linear_algebra.hpp>

namespace metriclab {

void fix_signs(Matrix& rows) {
  for (Eigen::Index i = 0; i < rows.rows(); ++i) {
    Eigen::Index largest = 0;
    // A little slack lets the first of two entries of equal magnitude decide, whatever their
    // rounding.
    for (Eigen::Index j = 1; j < rows.cols(); ++j)
      if (std::abs(rows(i, j)) > std::abs(rows(i, largest)) * (1 + 1e-9)) largest = j;
    if (rows.cols() > 0 && rows(i, largest) < 0) rows.row(i) = -rows.row(i);
  }
}

SymmetricEigen symmetric_eigen(Matrix A) {
  METRICLAB_CHECK(A.rows() == A.cols(), "the eigenvalues of a matrix that is not square");
  if (A.rows() == 0) return {};
  const auto d = static_cast<lapack_int>(A.rows());
  Vector rising(d);
  // LAPACK's matrices are by columns: what is the lower triangle by rows is its upper one, and its
  // eigenvectors, columns there, are rows here.
  METRICLAB_CHECK(LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'U', d, A.data(), d, rising.data()) == 0,
                  "an eigenvalue iteration that did not converge");
  SymmetricEigen eigen{rising.reverse(), A.colwise().reverse()};
  fix_signs(eigen.vectors);
  return eigen;
}

Matrix project_psd(const Matrix& M) {
  const SymmetricEigen eigen = symmetric_eigen(M);
  return eigen.vectors.transpose() * eigen.values.cwiseMax(0).asDiagonal() * eigen.vectors;
}

Matrix factorize(const Matrix& M, double rank_tolerance) {
  const SymmetricEigen eigen = symmetric_eigen(M);
  METRICLAB_CHECK(eigen.values.size() > 0, "a metric of no dimension");
  const double scale = eigen.values.cwiseAbs().maxCoeff();
  METRICLAB_CHECK(eigen.values.minCoeff() >= -1e-8 * scale, "a metric matrix that is not PSD");
  const Vector values = eigen.values.cwiseMax(0);
  const auto rank = std::max<std::int64_t>(1, numerical_rank(values, rank_tolerance));
  return values.head(rank).cwiseSqrt().asDiagonal() * eigen.vectors.topRows(rank);
}

std::int64_t numerical_rank(const Vector& values, double tolerance) {
  if (values.size() == 0) return 0;
  const double least = tolerance * values[0];
  return std::count_if(values.begin(), values.end(), [&](double value) { return value > least; });
}

Vector mean(const Matrix& X) { return X.colwise().mean(); }

Matrix covariance(const Matrix& X) {
  METRICLAB_CHECK(X.rows() >= 2, "the covariance of fewer than two examples");
  const Matrix centred = X.rowwise() - mean(X).transpose();
  return centred.transpose() * centred / static_cast<double>(X.rows() - 1);
}

double ledoit_wolf_shrinkage(const Matrix& X) {
  const auto n = static_cast<double>(X.rows());
  const auto d = static_cast<double>(X.cols());
  const Matrix centred = X.rowwise() - mean(X).transpose();
  const Matrix S = centred.transpose() * centred / n;
  const double mu = S.trace() / d;
  const double delta = S.squaredNorm() - d * mu * mu;
  if (delta <= 1e-14 * S.squaredNorm()) return 0;
  const double fourth = centred.rowwise().squaredNorm().array().square().sum();
  const double beta = std::max(0.0, fourth - n * S.squaredNorm()) / (n * n);
  return std::min(beta / delta, 1.0);
}

Matrix squared_distances(const Eigen::Ref<const Matrix>& A, const Eigen::Ref<const Matrix>& B) {
  Matrix distances = A * B.transpose();
  const Vector a = A.rowwise().squaredNorm();
  const Vector b = B.rowwise().squaredNorm();
  for (Eigen::Index i = 0; i < distances.rows(); ++i)
    distances.row(i) = (a[i] + b.transpose().array() - 2 * distances.row(i).array()).cwiseMax(0);
  return distances;
}

}  // namespace metriclab
