// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <limits>
#include <metriclab/classical/nca_objective.hpp>

namespace metriclab {

NcaObjective::NcaObjective(const Matrix& X, const std::vector<std::int32_t>& y)
    : X_(X.rowwise() - mean(X).transpose()), y_(y) {}

double NcaObjective::operator()(const Matrix& L, Matrix& gradient) const {
  constexpr std::int64_t kBlock = 256;
  const std::int64_t n = X_.rows();
  const Matrix Z = X_ * L.transpose();
  // With w_ik = p_ik·(p_i − [y_i = y_k]) the gradient is 2·Zᵀ·(Laplacian of w + wᵀ)·X / n.
  Matrix laplacian = Matrix::Zero(n, Z.cols());
  Vector from = Vector::Zero(n), to = Vector::Zero(n);  // row and column sums of w
  double value = 0;
  for (std::int64_t begin = 0; begin < n; begin += kBlock) {
    const std::int64_t rows = std::min(kBlock, n - begin);
    Matrix w = squared_distances(Z.middleRows(begin, rows), Z);
    for (std::int64_t row = 0; row < rows; ++row) {
      const std::int64_t i = begin + row;
      auto p = w.row(row).array();
      p[i] = std::numeric_limits<double>::infinity();
      p = (p.minCoeff() - p).exp();
      p /= p.sum();
      double same = 0;
      for (std::int64_t k = 0; k < n; ++k)
        if (y_[static_cast<std::size_t>(k)] == y_[static_cast<std::size_t>(i)]) same += p[k];
      value += same;
      for (std::int64_t k = 0; k < n; ++k)
        p[k] *=
            y_[static_cast<std::size_t>(k)] == y_[static_cast<std::size_t>(i)] ? same - 1 : same;
      from[i] = p.sum();
    }
    to += w.colwise().sum().transpose();
    laplacian.middleRows(begin, rows).noalias() -= w * Z;
    laplacian.noalias() -= w.transpose() * Z.middleRows(begin, rows);
  }
  laplacian += (from + to).asDiagonal() * Z;
  gradient.noalias() = 2.0 / static_cast<double>(n) * laplacian.transpose() * X_;
  return value / static_cast<double>(n);
}

}  // namespace metriclab
