// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <metriclab/classical/class_mean_objective.hpp>

namespace metriclab {

ClassMeanObjective::ClassMeanObjective(const Matrix& X, const std::vector<std::int32_t>& y,
                                       const Matrix& centroids,
                                       const std::vector<std::int32_t>& classes)
    : X_(X.rowwise() - mean(X).transpose()),
      centroids_(centroids.rowwise() - mean(X).transpose()),
      y_(y),
      classes_(classes) {}

double ClassMeanObjective::operator()(const Matrix& L, Matrix& gradient) const {
  const std::int64_t n = X_.rows(), K = centroids_.rows();
  const Matrix mapped = centroids_ * L.transpose();  // (K × r)
  const Vector norms = mapped.rowwise().squaredNorm();
  // Up to ½‖Lx‖², which all centroids share, −½‖L(x − m)‖² is xᵀLᵀLm − ½‖Lm‖².
  Matrix g = X_ * (mapped * L).transpose();
  double value = 0;
  Eigen::ArrayXd q(K), own(K);
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int32_t label = y_[static_cast<std::size_t>(i)];
    q = g.row(i).transpose().array() - norms.array() / 2;
    const double highest = q.maxCoeff();
    double highest_own = -std::numeric_limits<double>::infinity();
    for (std::int64_t j = 0; j < K; ++j) {
      const bool is_own = classes_[static_cast<std::size_t>(j)] == label;
      own[j] = is_own ? q[j] : -std::numeric_limits<double>::infinity();
      if (is_own) highest_own = std::max(highest_own, q[j]);
    }
    q = (q - highest).exp();
    own = (own - highest_own).exp();
    const double all = q.sum(), same = own.sum();
    value += highest_own + std::log(same) - highest - std::log(all);
    g.row(i) = (q / all - own / same) / 2;
  }
  const auto count = static_cast<double>(n);
  const Vector degree = g.colwise().sum();
  const Matrix H = g.transpose() * X_;  // (K × d)
  // L·(HᵀM + MᵀH − Mᵀ·diag·M) = (LHᵀ)·M + (LMᵀ)·(H − diag·M)
  const Matrix rest = H - degree.asDiagonal() * centroids_;
  gradient = -2 / count * ((L * H.transpose()) * centroids_ + mapped.transpose() * rest);
  return value / count;
}

}  // namespace metriclab
