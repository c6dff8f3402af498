// SPDX-License-Identifier: BSD-3-Clause
#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <metriclab/evaluation/spectral.hpp>
#include <metriclab/neighbors/search.hpp>
#include <metriclab/plugin/error.hpp>
#include <vector>

namespace metriclab {
namespace {

Matrix dense_eigenvectors(const SparseMatrix& S, std::int64_t k) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solved{Eigen::MatrixXd(S)};
  METRICLAB_CHECK(solved.info() == Eigen::Success, "a symmetric matrix without eigenvectors");
  return solved.eigenvectors().rightCols(k);
}

/// An orthonormal basis of the columns.
Matrix orthonormal(const Matrix& V) {
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr{Eigen::MatrixXd(V)};
  return qr.householderQ() * Eigen::MatrixXd::Identity(V.rows(), V.cols());
}

/// C((S − c·I)/e)·V, C the Chebyshev polynomial of that degree: at most 1 between −1 and `bound`,
/// the greater beyond it.
Matrix filtered(const SparseMatrix& S, const Matrix& V, double bound, int degree) {
  const double half = (bound + 1) / 2, centre = (bound - 1) / 2;
  Matrix before = V;
  Matrix now = (S * V - centre * V) / half;
  for (int at = 2; at <= degree; ++at) {
    Matrix next = (S * now - centre * now) * (2 / half) - before;
    before = std::move(now);
    now = std::move(next);
  }
  return now;
}

}  // namespace

SparseMatrix neighbor_graph(const Matrix& X, std::int64_t n_neighbors) {
  const std::int64_t n = X.rows();
  METRICLAB_CHECK(n_neighbors >= 1 && n_neighbors < n, "a graph of fewer neighbours than points");
  const Neighbors<double> found = nearest_neighbors(X, n_neighbors, Distance::squared_euclidean);
  std::vector<Eigen::Triplet<double, std::int64_t>> entries;
  entries.reserve(static_cast<std::size_t>(2 * n * n_neighbors));
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t rank = 0; rank < n_neighbors; ++rank) {
      entries.emplace_back(i, found.indices(i, rank), 0.5);
      entries.emplace_back(found.indices(i, rank), i, 0.5);
    }
  SparseMatrix S(n, n);
  S.setFromTriplets(entries.begin(), entries.end());
  const Vector factors = (S * Vector::Ones(n)).cwiseSqrt().cwiseInverse();
  for (std::int64_t i = 0; i < n; ++i)
    for (SparseMatrix::InnerIterator entry(S, i); entry; ++entry)
      entry.valueRef() *= factors[i] * factors[entry.col()];
  return S;
}

Matrix greatest_eigenvectors(const SparseMatrix& S, std::int64_t k, Random random) {
  constexpr std::int64_t kDense = 500;
  constexpr int kRounds = 300, kDegree = 20;
  constexpr double kResidual = 1e-8;
  const std::int64_t n = S.rows();
  METRICLAB_CHECK(k >= 1 && k <= n, "as many eigenvectors as rows at most");
  const std::int64_t m = k + std::max<std::int64_t>(k / 4, 10);
  if (n <= kDense || 2 * m >= n) return dense_eigenvectors(S, k);
  Matrix V(n, m);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < m; ++j) V(i, j) = random.normal();
  double bound = 0;  // what is below it is to vanish
  for (int round = 0;; ++round) {
    V = orthonormal(filtered(S, V, bound, kDegree));
    const Matrix SV = S * V;
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solved{
        Eigen::MatrixXd(V.transpose() * SV)};
    METRICLAB_CHECK(solved.info() == Eigen::Success, "a symmetric matrix without eigenvectors");
    const auto turn = solved.eigenvectors().rightCols(k);
    const auto values = solved.eigenvalues().tail(k);
    const Matrix best = V * turn;
    const double residual = (SV * turn - best * values.asDiagonal()).colwise().norm().maxCoeff();
    if (residual <= kResidual || round == kRounds) return best;
    // Of the vectors that are carried along the least good is about as good as what is left out.
    bound = std::clamp(solved.eigenvalues()[0], -0.9, 1 - 1e-9);
  }
}

}  // namespace metriclab
