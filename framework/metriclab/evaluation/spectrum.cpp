// SPDX-License-Identifier: BSD-3-Clause
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/evaluation/spectrum.hpp>
#include <metriclab/plugin/error.hpp>

namespace metriclab {

namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

}  // namespace

Vector singular_values(const MatrixF& embeddings) {
  constexpr std::int64_t kBlock = 4096;
  const std::int64_t n = embeddings.rows(), d = embeddings.cols();
  if (n == 0 || d == 0) return Vector::Zero(d);
  Vector mean = Vector::Zero(d);
  for (std::int64_t i = 0; i < n; ++i) mean += embeddings.row(i).cast<double>().transpose();
  mean /= static_cast<double>(n);
  Matrix products = Matrix::Zero(d, d);
  for (std::int64_t begin = 0; begin < n; begin += kBlock) {
    Matrix block = embeddings.middleRows(begin, std::min(kBlock, n - begin)).cast<double>();
    block.rowwise() -= mean.transpose();
    products.noalias() += block.transpose() * block;
  }
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solved(products, Eigen::EigenvaluesOnly);
  METRICLAB_CHECK(solved.info() == Eigen::Success, "a covariance without eigenvalues");
  return solved.eigenvalues().reverse().cwiseMax(0).cwiseSqrt();
}

double effective_rank(const Vector& singular_values) {
  const double sum = singular_values.sum();
  if (!(sum > 0)) return kUndefined;
  double entropy = 0;
  for (double value : singular_values)
    if (value > 0) entropy -= value / sum * std::log(value / sum);
  return std::exp(entropy);
}

double participation_ratio(const Vector& singular_values) {
  if (!(singular_values.sum() > 0)) return kUndefined;
  const Vector squares = (singular_values / singular_values.maxCoeff()).cwiseAbs2();
  return squares.sum() * squares.sum() / squares.squaredNorm();
}

double spectral_decay(const Vector& singular_values) {
  const double sum = singular_values.sum();
  if (!(sum > 0)) return kUndefined;
  const auto d = static_cast<double>(singular_values.size());
  const double least = 0x1p-24 * std::sqrt(d) * singular_values.maxCoeff();
  double divergence = 0;
  for (double value : singular_values)
    divergence -=
        value > least ? std::log(d * value / sum) / d : -std::numeric_limits<double>::infinity();
  return divergence;
}

}  // namespace metriclab
