// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/report/tsne.hpp>

namespace metriclab {
namespace {

using Eigen::ArrayX2d;
using Eigen::ArrayXd;
using Eigen::ArrayXXd;

/// ‖x_i − x_j‖² (n × n).
ArrayXXd squared_distances(const ArrayXXd& points) {
  ArrayXXd squared = ArrayXXd::Zero(points.rows(), points.rows());
  for (Eigen::Index c = 0; c < points.cols(); ++c)
    for (Eigen::Index j = 0; j < points.rows(); ++j)
      squared.col(j) += (points.col(c) - points(j, c)).square();
  return squared;
}

}  // namespace

ArrayXXd conditional_neighbors(const ArrayXXd& squared, double perplexity) {
  constexpr int kHalvings = 200;
  const Eigen::Index n = squared.rows();
  const double wanted = std::log(perplexity);
  ArrayXXd p(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    ArrayXd distance = squared.row(i);
    distance(i) = std::numeric_limits<double>::infinity();
    // What is common to all terms cancels out; without it none underflows.
    distance -= distance.minCoeff();
    double low = 0, high = std::numeric_limits<double>::infinity(), beta = 1;
    ArrayXd row;
    for (int step = 0; step < kHalvings; ++step) {
      row = (-beta * distance).exp();
      row(i) = 0;
      const double sum = row.sum();
      // H = log Σ + β E[distance]
      ArrayXd weighted = row * distance;
      weighted(i) = 0;
      const double entropy = std::log(sum) + beta * weighted.sum() / sum;
      row /= sum;
      if (std::abs(entropy - wanted) < 1e-9) break;
      (entropy > wanted ? low : high) = beta;
      beta = std::isinf(high) ? beta * 2 : (low + high) / 2;
      if (!std::isfinite(beta) || beta == low || beta == high) break;
    }
    p.row(i) = row;
  }
  return p;
}

double tsne_loss(const ArrayXXd& p, const ArrayX2d& y, ArrayX2d* gradient) {
  const Eigen::Index n = y.rows();
  ArrayXXd kernel(n, n);  // (1 + ‖y_i − y_j‖²)⁻¹
  for (Eigen::Index j = 0; j < n; ++j) {
    kernel.col(j) = 1 / (1 + (y.col(0) - y(j, 0)).square() + (y.col(1) - y(j, 1)).square());
    kernel(j, j) = 0;
  }
  const double sum = kernel.sum();
  if (gradient != nullptr) {
    // 4 Σ_j (p_ij − q_ij) (y_i − y_j) (1 + ‖y_i − y_j‖²)⁻¹
    gradient->resize(n, 2);
    for (Eigen::Index j = 0; j < n; ++j) {
      const ArrayXd force = (p.col(j) - kernel.col(j) / sum) * kernel.col(j);
      (*gradient)(j, 0) = 4 * (force * (y(j, 0) - y.col(0))).sum();
      (*gradient)(j, 1) = 4 * (force * (y(j, 1) - y.col(1))).sum();
    }
    return 0;
  }
  double loss = 0;
  for (Eigen::Index j = 0; j < n; ++j)
    for (Eigen::Index i = 0; i < n; ++i)
      if (p(i, j) > 0) loss += p(i, j) * std::log(p(i, j) * sum / kernel(i, j));
  return loss;
}

ArrayX2d tsne(const ArrayXXd& points, double perplexity) {
  constexpr int kExaggerated = 250, kSteps = 750;
  constexpr double kExaggeration = 12, kLeastGain = 0.01;
  const Eigen::Index n = points.rows();
  ArrayX2d y = ArrayX2d::Zero(n, 2);
  if (n == 0 || points.cols() == 0) return y;
  const Eigen::Index columns = std::min<Eigen::Index>(2, points.cols());
  y.leftCols(columns) = points.leftCols(columns);
  const double deviation = std::sqrt((y.col(0) - y.col(0).mean()).square().mean());
  if (deviation == 0 || n < 5) return y;  // nothing to lay out
  y *= 1e-4 / deviation;
  // Of one component all would stay on a line.
  if (columns == 1)
    for (Eigen::Index i = 0; i < n; ++i) y(i, 1) = (i % 2 == 0 ? 1e-6 : -1e-6);

  const double most = static_cast<double>(n - 1) / 3;
  ArrayXXd p = conditional_neighbors(squared_distances(points), std::min(perplexity, most));
  p = ((p + p.transpose()) / static_cast<double>(2 * n)).eval();
  const double rate = std::max(static_cast<double>(n) / kExaggeration / 4, 50.0);
  ArrayX2d gradient, velocity = ArrayX2d::Zero(n, 2), gain = ArrayX2d::Ones(n, 2);
  p *= kExaggeration;
  for (int step = 0; step < kSteps; ++step) {
    if (step == kExaggerated) p /= kExaggeration;
    const double momentum = step < kExaggerated ? 0.5 : 0.8;
    tsne_loss(p, y, &gradient);
    gain = (gradient * velocity < 0).select(gain + 0.2, (gain * 0.8).max(kLeastGain));
    velocity = momentum * velocity - rate * gain * gradient;
    y += velocity;
  }
  return y.rowwise() - y.colwise().mean();
}

}  // namespace metriclab
