// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <cmath>
#include <limits>
#include <metriclab/neighbors/mahalanobis.hpp>

namespace metriclab {
namespace {

// What a symmetric PSD matrix may be off by, as a part of its greatest value: more than sums in
// double leave, less than a matrix of another kind has.
constexpr double kTolerance = 1e-9;

/// The rows less `mean`, transformed: rows are transformed one as the other, so that equal ones
/// stay equal.
Matrix transformed(const Eigen::Ref<const Matrix>& X, const Eigen::Ref<const Matrix>& L,
                   const Eigen::RowVectorXd& mean, std::string_view what) {
  if (X.cols() != L.cols())
    throw Error(
        fmt::format("{} examples have {} dimensions, L has {} columns; they must be the same", what,
                    X.cols(), L.cols()));
  require_finite<double>(X, what);
  require_finite<double>(L, "L's");
  Matrix result(X.rows(), L.rows());
  for (std::int64_t i = 0; i < X.rows(); ++i)
    result.row(i) = (L * (X.row(i) - mean).transpose()).transpose();
  return result;
}

Eigen::RowVectorXd mean_of(const Eigen::Ref<const Matrix>& X) {
  return X.rows() == 0 ? Eigen::RowVectorXd::Zero(X.cols())
                       : Eigen::RowVectorXd(X.colwise().mean());
}

void require_same_dimensions(const Eigen::Ref<const Matrix>& query,
                             const Eigen::Ref<const Matrix>& gallery) {
  if (query.cols() != gallery.cols())
    throw Error(fmt::format("queries have {} dimensions, the gallery has {}; they must be the same",
                            query.cols(), gallery.cols()));
}

}  // namespace

Matrix transformation_of(const Eigen::Ref<const Matrix>& M) {
  if (M.rows() != M.cols())
    throw Error(
        fmt::format("a metric matrix is square; this one is ({} × {})", M.rows(), M.cols()));
  require_finite<double>(M, "the metric matrix's");
  if (M.size() == 0) return Matrix(0, 0);
  const double greatest = M.cwiseAbs().maxCoeff();
  if (const double apart = (M - M.transpose()).cwiseAbs().maxCoeff(); apart > kTolerance * greatest)
    throw Error(
        fmt::format("a metric matrix is symmetric; this one differs from its transpose by "
                    "up to {}",
                    apart));
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen((M + M.transpose()) / 2);
  const Vector& values = eigen.eigenvalues();
  const double largest = values.cwiseAbs().maxCoeff();
  if (values[0] < -kTolerance * largest)
    throw Error(
        fmt::format("a metric matrix is positive semidefinite; this one has the eigenvalue "
                    "{}",
                    values[0]));
  const double least =
      largest * static_cast<double>(M.rows()) * std::numeric_limits<double>::epsilon();
  const std::int64_t rank = (values.array() > least).count();
  return values.tail(rank).cwiseSqrt().asDiagonal() *
         eigen.eigenvectors().rightCols(rank).transpose();
}

Neighbors<double> mahalanobis_neighbors(const Eigen::Ref<const Matrix>& query,
                                        const Eigen::Ref<const Matrix>& gallery,
                                        const Eigen::Ref<const Matrix>& L, std::int64_t k,
                                        int threads) {
  require_same_dimensions(query, gallery);
  const Eigen::RowVectorXd mean = mean_of(gallery);
  return nearest_neighbors(transformed(query, L, mean, "query"),
                           transformed(gallery, L, mean, "gallery"), k, Distance::euclidean,
                           threads);
}

Neighbors<double> mahalanobis_neighbors(const Eigen::Ref<const Matrix>& points,
                                        const Eigen::Ref<const Matrix>& L, std::int64_t k,
                                        int threads) {
  return nearest_neighbors(transformed(points, L, mean_of(points), "searched"), k,
                           Distance::euclidean, threads);
}

NeighborLists<double> mahalanobis_neighbors_within(const Eigen::Ref<const Matrix>& query,
                                                   const Eigen::Ref<const Matrix>& gallery,
                                                   const Eigen::Ref<const Matrix>& L, double radius,
                                                   int threads) {
  require_same_dimensions(query, gallery);
  const Eigen::RowVectorXd mean = mean_of(gallery);
  return neighbors_within(transformed(query, L, mean, "query"),
                          transformed(gallery, L, mean, "gallery"), radius, Distance::euclidean,
                          threads);
}

NeighborLists<double> mahalanobis_neighbors_within(const Eigen::Ref<const Matrix>& points,
                                                   const Eigen::Ref<const Matrix>& L, double radius,
                                                   int threads) {
  return neighbors_within(transformed(points, L, mean_of(points), "searched"), radius,
                          Distance::euclidean, threads);
}

}  // namespace metriclab
