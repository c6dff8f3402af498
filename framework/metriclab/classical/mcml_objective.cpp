// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/classical/mcml_objective.hpp>
#include <metriclab/classical/supervision.hpp>
#include <metriclab/data/vector_math.hpp>

namespace metriclab {
namespace {

METRICLAB_WIDE void exponentials(double* x, double shift, std::int64_t count) {
  for (std::int64_t k = 0; k < count; ++k) {
    const double below = shift - x[k];
    x[k] = exp_of_negative(below < 0 ? below : 0);
  }
}

}  // namespace

McmlObjective::McmlObjective(const Matrix& X, const std::vector<std::int32_t>& y) {
  Indices order;
  for (const Indices& members : class_members(y)) {
    const auto begin = static_cast<std::int64_t>(order.size());
    order.insert(order.end(), members.begin(), members.end());
    begin_.resize(order.size(), begin);
    end_.resize(order.size(), static_cast<std::int64_t>(order.size()));
    if (members.size() > 1) counted_ += static_cast<double>(members.size());
  }
  METRICLAB_CHECK(counted_ > 0, "classes of one example each");
  X_ = X(order, Eigen::all);
  X_.rowwise() -= mean(X_).transpose();
}

double McmlObjective::operator()(const Matrix& L, Matrix& gradient) const {
  constexpr std::int64_t kBlock = 256;
  const std::int64_t n = X_.rows();
  const Matrix Z = X_ * L.transpose();
  // The derivative by d²_ij is w_ij = q_ij − p_ij, so that by L it is 2·Zᵀ·(Laplacian of w + wᵀ)·X.
  Matrix laplacian = Matrix::Zero(n, Z.cols());
  Vector degree = Vector::Zero(n);
  double value = 0;
  for (std::int64_t top = 0; top < n; top += kBlock) {
    const std::int64_t rows = std::min(kBlock, n - top);
    Matrix w = squared_distances(Z.middleRows(top, rows), Z);
    for (std::int64_t row = 0; row < rows; ++row) {
      const std::int64_t i = top + row;
      const std::int64_t begin = begin_[static_cast<std::size_t>(i)];
      const std::int64_t size = end_[static_cast<std::size_t>(i)] - begin;
      auto values = w.row(row);
      if (size == 1) {
        values.setZero();
        continue;
      }
      const double share = 1 / static_cast<double>(size - 1);
      values[i] = 0;
      value += share * values.segment(begin, size).sum();
      values[i] = std::numeric_limits<double>::max();
      const double least = values.minCoeff();
      exponentials(values.data(), least, n);
      values[i] = 0;
      const double sum = values.sum();
      value += std::log(sum) - least;
      values *= -1 / sum;
      values.segment(begin, size).array() += share;
      values[i] = 0;
      degree[i] += values.sum();
    }
    degree += w.colwise().sum().transpose();
    laplacian.middleRows(top, rows).noalias() -= w * Z;
    laplacian.noalias() -= w.transpose() * Z.middleRows(top, rows);
  }
  laplacian += degree.asDiagonal() * Z;
  gradient.noalias() = 2 / counted_ * laplacian.transpose() * X_;
  return value / counted_;
}

}  // namespace metriclab
