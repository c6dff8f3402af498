// SPDX-License-Identifier: BSD-3-Clause
#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/data/latent_semantics.hpp>
#include <metriclab/plugin/random.hpp>

namespace metriclab {
namespace {

constexpr std::int64_t kLeastMore = 10;
constexpr int kMostIterations = 50;
constexpr double kClose = 1e-8;

/// An orthonormal basis of the columns, (d × l); of a deficient rank, with others added.
Matrix basis_of(const Matrix& columns) {
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(columns);
  return qr.householderQ() * Eigen::MatrixXd::Identity(columns.rows(), columns.cols());
}

}  // namespace

LeadingSvd leading_svd(const SparseRows& X, std::int64_t k) {
  METRICLAB_CHECK(k >= 1 && k <= std::min(X.rows(), X.cols()),
                  "more singular vectors than a matrix has");
  const std::int64_t l = std::min({std::max(2 * k, k + kLeastMore), X.rows(), X.cols()});
  Random random(0, "latent semantic analysis");
  Matrix Q(X.cols(), l);
  for (double& value : Q.reshaped<Eigen::RowMajor>()) value = random.normal();
  Q = basis_of(Q);
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> ritz;
  double sum = 0;
  for (int i = 0; i < kMostIterations; ++i) {
    const Matrix Y = X.transpose() * Matrix(X * Q);
    ritz.compute(Q.transpose() * Y);  // QᵀXᵀXQ; eigenvalues ascend
    const double before = sum;
    sum = ritz.eigenvalues().tail(k).sum();
    if (sum - before <= kClose * sum) break;
    if (i + 1 < kMostIterations) Q = basis_of(Y);
  }
  LeadingSvd svd{.singular_values = Vector::Zero(k), .V = Matrix::Zero(X.cols(), k)};
  const double least = std::numeric_limits<double>::epsilon() *
                       static_cast<double>(std::max(X.rows(), X.cols())) *
                       std::max(ritz.eigenvalues()(l - 1), 0.0);
  for (std::int64_t j = 0; j < k; ++j) {
    const double square = ritz.eigenvalues()(l - 1 - j);
    if (square <= least) break;
    svd.singular_values(j) = std::sqrt(square);
    const Vector v = Q * ritz.eigenvectors().col(l - 1 - j);
    Eigen::Index largest = 0;
    v.cwiseAbs().maxCoeff(&largest);
    svd.V.col(j) = v(largest) < 0 ? Vector(-v) : v;
  }
  return svd;
}

}  // namespace metriclab
