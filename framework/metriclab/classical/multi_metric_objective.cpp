// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/classical/multi_metric_objective.hpp>
#include <metriclab/classical/supervision.hpp>

namespace metriclab {

MultiMetricObjective::MultiMetricObjective(const Matrix& X, const std::vector<std::int32_t>& y,
                                           std::int64_t n_classes,
                                           const std::vector<Indices>& targets, double mu)
    : mu_(mu), n_classes_(n_classes) {
  Indices order;
  for (const Indices& members : class_members(y)) {
    const auto begin = static_cast<std::int64_t>(order.size());
    order.insert(order.end(), members.begin(), members.end());
    classes_.push_back(
        {y[static_cast<std::size_t>(members[0])], begin, static_cast<std::int64_t>(order.size())});
  }
  std::vector<std::int32_t> place(order.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    place[static_cast<std::size_t>(order[i])] = static_cast<std::int32_t>(i);
  X_ = X(order, Eigen::all);
  X_.rowwise() -= mean(X_).transpose();
  target_begin_.push_back(0);
  for (const std::int64_t i : order) {
    for (const std::int64_t j : targets[static_cast<std::size_t>(i)])
      target_.push_back(place[static_cast<std::size_t>(j)]);
    target_begin_.push_back(target_.size());
  }
  target_distance_.resize(target_.size());
  target_weight_.resize(target_.size());
  threshold_.resize(X_.rows());
}

double MultiMetricObjective::operator()(const Matrix& L, Matrix& gradient) {
  constexpr std::int64_t kTile = 256;
  const std::int64_t n = X_.rows(), r = L.rows() / n_classes_;
  gradient.setZero(L.rows(), L.cols());

  // Each example by the metric of its own class: its targets.
  Matrix own(n, r);
  for (const Class& is : classes_) {
    const std::int64_t size = is.end - is.begin;
    own.middleRows(is.begin, size).noalias() =
        X_.middleRows(is.begin, size) * L.middleRows(is.label * r, r).transpose();
  }
  double value = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    double largest = 0;
    const auto place = static_cast<std::size_t>(i);
    for (std::size_t t = target_begin_[place]; t < target_begin_[place + 1]; ++t) {
      target_distance_[t] = (own.row(i) - own.row(target_[t])).squaredNorm();
      largest = std::max(largest, target_distance_[t]);
      value += (1 - mu_) * target_distance_[t];
    }
    threshold_[i] = target_begin_[place] == target_begin_[place + 1] ? 0 : 1 + largest;
  }
  std::fill(target_weight_.begin(), target_weight_.end(), 1 - mu_);

  // All examples by the metric of each class: its members as impostors.
  Matrix products;
  for (const Class& is : classes_) {
    const Matrix Z = X_ * L.middleRows(is.label * r, r).transpose();
    const Vector norms = Z.rowwise().squaredNorm();
    Matrix laplacian = Matrix::Zero(n, r);  // (Σ w_il (e_i − e_l)(e_i − e_l)ᵀ)·Z
    for (std::int64_t left = is.begin; left < is.end; left += kTile) {
      const std::int64_t columns = std::min(kTile, is.end - left);
      for (std::int64_t top = 0; top < n; top += kTile) {
        const std::int64_t rows = std::min(kTile, n - top);
        if (top >= is.begin && top + rows <= is.end) continue;
        products.noalias() = Z.middleRows(top, rows) * Z.middleRows(left, columns).transpose();
        for (std::int64_t row = 0; row < rows; ++row) {
          const std::int64_t i = top + row;
          if ((i >= is.begin && i < is.end) || threshold_[i] == 0) continue;
          const auto place = static_cast<std::size_t>(i);
          for (std::int64_t column = 0; column < columns; ++column) {
            const std::int64_t l = left + column;
            if (norms[i] + norms[l] - 2 * products(row, column) >= threshold_[i]) continue;
            const Eigen::RowVectorXd apart = Z.row(i) - Z.row(l);
            const double distance = apart.squaredNorm();
            double count = 0;
            for (std::size_t t = target_begin_[place]; t < target_begin_[place + 1]; ++t) {
              const double hinge = 1 + target_distance_[t] - distance;
              if (hinge <= 0) continue;
              value += mu_ * hinge;
              target_weight_[t] += mu_;
              ++count;
            }
            laplacian.row(i) -= mu_ * count * apart;
            laplacian.row(l) += mu_ * count * apart;
          }
        }
      }
    }
    gradient.middleRows(is.label * r, r).noalias() += 2 * laplacian.transpose() * X_;
  }

  Matrix laplacian = Matrix::Zero(n, r);
  for (std::int64_t i = 0; i < n; ++i) {
    const auto place = static_cast<std::size_t>(i);
    for (std::size_t t = target_begin_[place]; t < target_begin_[place + 1]; ++t) {
      const Eigen::RowVectorXd pull = target_weight_[t] * (own.row(i) - own.row(target_[t]));
      laplacian.row(i) += pull;
      laplacian.row(target_[t]) -= pull;
    }
  }
  for (const Class& is : classes_) {
    const std::int64_t size = is.end - is.begin;
    gradient.middleRows(is.label * r, r).noalias() +=
        2 * laplacian.middleRows(is.begin, size).transpose() * X_.middleRows(is.begin, size);
  }
  return value;
}

}  // namespace metriclab
