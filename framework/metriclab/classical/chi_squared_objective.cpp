// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/classical/chi_squared_objective.hpp>
#include <metriclab/classical/supervision.hpp>
#include <metriclab/data/wide.hpp>

namespace metriclab {
namespace {

constexpr double kLeast = std::numeric_limits<double>::min();

/// χ² of one row with each of `count`.
METRICLAB_WIDE void chi_squared(const double* x, const double* y, std::int64_t count,
                                std::int64_t r, double* result) {
  constexpr int kLanes = 8;
  for (std::int64_t j = 0; j < count; ++j, y += r) {
    double lanes[kLanes] = {};
    std::int64_t t = 0;
    for (; t + kLanes <= r; t += kLanes)
      for (int lane = 0; lane < kLanes; ++lane) {
        const double apart = x[t + lane] - y[t + lane], both = x[t + lane] + y[t + lane];
        lanes[lane] += apart * (apart / (both > kLeast ? both : kLeast));
      }
    for (int half = kLanes / 2; half > 0; half /= 2)
      for (int lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
    double sum = lanes[0];
    for (; t < r; ++t) {
      const double apart = x[t] - y[t], both = x[t] + y[t];
      sum += apart * (apart / (both > kLeast ? both : kLeast));
    }
    result[j] = sum / 2;
  }
}

double chi_squared(const Matrix& Z, std::int64_t i, std::int64_t j) {
  double result = 0;
  chi_squared(Z.row(i).data(), Z.row(j).data(), 1, Z.cols(), &result);
  return result;
}

/// Adds weight times the derivative of χ²(a, b) to that by a and by b: with q = (a − b)/(a + b) it
/// is ½·q·(2 − q) and −½·q·(2 + q).
METRICLAB_WIDE void add_slope(const double* a, const double* b, std::int64_t r, double weight,
                              double* by_a, double* by_b) {
  for (std::int64_t t = 0; t < r; ++t) {
    const double both = a[t] + b[t], q = (a[t] - b[t]) / (both > kLeast ? both : kLeast);
    by_a[t] += 0.5 * weight * q * (2 - q);
    by_b[t] -= 0.5 * weight * q * (2 + q);
  }
}

}  // namespace

Matrix column_softmax(const Matrix& A) {
  const Eigen::RowVectorXd most = A.colwise().maxCoeff();
  Matrix L = (A.rowwise() - most).array().exp();
  const Eigen::RowVectorXd sums = L.colwise().sum();
  L.array().rowwise() /= sums.array();
  return L;
}

ChiSquaredObjective::ChiSquaredObjective(const Matrix& X, const std::vector<std::int32_t>& y,
                                         const std::vector<Indices>& targets, double mu,
                                         double margin)
    : mu_(mu), margin_(margin) {
  Indices order;
  for (const Indices& members : class_members(y)) {
    order.insert(order.end(), members.begin(), members.end());
    end_.resize(order.size(), static_cast<std::int64_t>(order.size()));
  }
  std::vector<std::int32_t> place(order.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    place[static_cast<std::size_t>(order[i])] = static_cast<std::int32_t>(i);
  X_ = X(order, Eigen::all);
  target_begin_.push_back(0);
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (const std::int64_t j : targets[static_cast<std::size_t>(order[i])])
      target_.push_back({static_cast<std::int32_t>(i), place[static_cast<std::size_t>(j)]});
    target_begin_.push_back(target_.size());
  }
  target_distance_.resize(target_.size());
  threshold_.resize(X_.rows());
}

double ChiSquaredObjective::operator()(const Matrix& A, Matrix& gradient) {
  const Matrix L = column_softmax(A), Z = X_ * L.transpose();
  const std::int64_t n = Z.rows(), r = Z.cols();
  threshold_.setZero();
  for (std::size_t t = 0; t < target_.size(); ++t) {
    const auto [i, j] = target_[t];
    target_distance_[t] = chi_squared(Z, i, j);
    threshold_[i] = std::max(threshold_[i], margin_ + target_distance_[t]);
  }
  ++since_list_;
  if (!still_exact(Z)) make_list(Z);

  double value = 0;
  Matrix by_Z = Matrix::Zero(n, r);
  std::vector<double> weights(target_.size(), 1 - mu_);
  // How many hinges of example i the impostor at this distance is in; their sum is added.
  auto hinges = [&](std::int32_t i, double distance) {
    double count = 0;
    const auto place = static_cast<std::size_t>(i);
    for (std::size_t t = target_begin_[place]; t < target_begin_[place + 1]; ++t) {
      const double hinge = margin_ + target_distance_[t] - distance;
      if (hinge <= 0) continue;
      value += mu_ * hinge;
      weights[t] += mu_;
      ++count;
    }
    return count;
  };
  for (const auto& [i, l] : candidates_) {
    const double distance = chi_squared(Z, i, l);
    const double count = hinges(i, distance) + hinges(l, distance);
    if (count > 0)
      add_slope(Z.row(i).data(), Z.row(l).data(), r, -mu_ * count, by_Z.row(i).data(),
                by_Z.row(l).data());
  }
  for (std::size_t t = 0; t < target_.size(); ++t) {
    const auto [i, j] = target_[t];
    value += (1 - mu_) * target_distance_[t];
    add_slope(Z.row(i).data(), Z.row(j).data(), r, weights[t], by_Z.row(i).data(),
              by_Z.row(j).data());
  }
  const Matrix by_L = by_Z.transpose() * X_;
  const Eigen::RowVectorXd inner = L.cwiseProduct(by_L).colwise().sum();
  gradient = L.cwiseProduct(by_L.rowwise() - inner);
  return value;
}

bool ChiSquaredObjective::still_exact(const Matrix& Z) const {
  if (listed_.rows() != Z.rows() || listed_.cols() != Z.cols()) return false;
  Vector moved(Z.rows());
  for (std::int64_t i = 0; i < Z.rows(); ++i) {
    chi_squared(Z.row(i).data(), listed_.row(i).data(), 1, Z.cols(), &moved[i]);
    moved[i] = std::sqrt(moved[i]);
  }
  const double most = moved.maxCoeff();
  for (std::int64_t i = 0; i < Z.rows(); ++i) {
    const double least = radius_[i] - moved[i] - most;
    if (threshold_[i] > 0 && (least <= 0 || least * least < threshold_[i])) return false;
  }
  return true;
}

void ChiSquaredObjective::make_list(const Matrix& Z) {
  // Lists that hold for long are made shorter, lists that fail at once longer.
  if (listed_.size() > 0) slack_ = std::clamp(slack_ * (since_list_ > 8 ? 0.7 : 1.4), 0.02, 0.5);
  since_list_ = 0;
  listed_ = Z;
  radius_ = (1 + slack_) * threshold_.cwiseSqrt();
  const Vector reach = radius_.cwiseAbs2();
  const std::int64_t n = Z.rows();
  std::vector<double> distances(static_cast<std::size_t>(n));
  candidates_.clear();
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t begin = end_[static_cast<std::size_t>(i)];
    if (begin == n) break;
    chi_squared(Z.row(i).data(), Z.row(begin).data(), n - begin, Z.cols(), distances.data());
    for (std::int64_t l = begin; l < n; ++l)
      if (distances[static_cast<std::size_t>(l - begin)] < std::max(reach[i], reach[l]))
        candidates_.push_back({static_cast<std::int32_t>(i), static_cast<std::int32_t>(l)});
  }
}

}  // namespace metriclab
