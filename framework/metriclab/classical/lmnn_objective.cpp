// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <metriclab/classical/lmnn_objective.hpp>
#include <metriclab/classical/supervision.hpp>
#include <metriclab/neighbors/search.hpp>

namespace metriclab {
namespace {

constexpr std::int64_t kTile =
    256;  // rows and columns of a tile of distances: 512 KiB of doubles, within a core's cache

double squared_distance(const double* a, const double* b, std::int64_t r) {
  return (Eigen::Map<const Vector>(a, r) - Eigen::Map<const Vector>(b, r)).squaredNorm();
}

}  // namespace

std::vector<Indices> target_neighbors(const Matrix& X, const std::vector<std::int32_t>& y,
                                      std::int64_t n_neighbors) {
  std::vector<Indices> targets(y.size());
  for (const Indices& members : class_members(y)) {
    const std::int64_t k = std::min(n_neighbors, static_cast<std::int64_t>(members.size()) - 1);
    const Matrix points = X(members, Eigen::all);
    const Neighbors<double> near = nearest_neighbors(points, k);
    for (std::size_t i = 0; i < members.size(); ++i)
      for (std::int64_t j = 0; j < k; ++j)
        targets[static_cast<std::size_t>(members[i])].push_back(
            members[static_cast<std::size_t>(near.indices(static_cast<Eigen::Index>(i), j))]);
  }
  return targets;
}

LmnnObjective::LmnnObjective(const Matrix& X, const std::vector<std::int32_t>& y,
                             std::vector<Indices> targets, double mu)
    : mu_(mu) {
  Indices& order = order_;
  first_.reserve(y.size());
  for (const Indices& members : class_members(y)) {
    order.insert(order.end(), members.begin(), members.end());
    first_.resize(order.size(), static_cast<std::int32_t>(order.size()));
  }
  std::vector<std::int32_t> place(order.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    place[static_cast<std::size_t>(order[i])] = static_cast<std::int32_t>(i);
  X_ = X(order, Eigen::all);
  X_.rowwise() -= mean(X_).transpose();
  target_begin_.push_back(0);
  for (std::int64_t i : order) {
    for (std::int64_t j : targets[static_cast<std::size_t>(i)])
      target_.push_back(place[static_cast<std::size_t>(j)]);
    target_begin_.push_back(target_.size());
  }
  target_distance_.resize(target_.size());
  target_weight_.resize(target_.size());
  threshold_.resize(X_.rows());
}

double LmnnObjective::operator()(const Matrix& L, Matrix& gradient) {
  Matrix laplacian;
  const double value = value_at(X_ * L.transpose(), laplacian);
  gradient.noalias() = 2 * laplacian.transpose() * X_;
  return value;
}

double LmnnObjective::at_embeddings(const Matrix& Z, Matrix& by_Z) {
  Matrix laplacian;
  const double value = value_at(Z(order_, Eigen::all), laplacian);
  by_Z.resize(Z.rows(), Z.cols());
  for (std::size_t i = 0; i < order_.size(); ++i)
    by_Z.row(order_[i]) = 2 * laplacian.row(static_cast<Eigen::Index>(i));
  return value;
}

double LmnnObjective::value_at(const Matrix& Z, Matrix& laplacian) {
  ++evaluations_;
  const std::int64_t n = Z.rows(), r = Z.cols();
  for (std::int64_t i = 0; i < n; ++i) {
    double largest = 0;
    const auto place = static_cast<std::size_t>(i);
    for (std::size_t t = target_begin_[place]; t < target_begin_[place + 1]; ++t) {
      target_distance_[t] = squared_distance(Z.row(i).data(), Z.row(target_[t]).data(), r);
      largest = std::max(largest, target_distance_[t]);
    }
    // An example without targets has no impostors either.
    threshold_[i] = target_begin_[place] == target_begin_[place + 1] ? 0 : 1 + largest;
  }
  ++since_list_;
  if (!still_exact(Z)) make_list(Z);

  std::fill(target_weight_.begin(), target_weight_.end(), 1 - mu_);
  laplacian = Matrix::Zero(n, r);  // (Σ_ab w_ab (e_a − e_b)(e_a − e_b)ᵀ)·Z
  double value = mu_ * sum_over_list(Z, laplacian);
  for (std::int64_t i = 0; i < n; ++i) {
    const auto place = static_cast<std::size_t>(i);
    for (std::size_t t = target_begin_[place]; t < target_begin_[place + 1]; ++t) {
      value += (1 - mu_) * target_distance_[t];
      const std::int64_t j = target_[t];
      const Eigen::RowVectorXd push = target_weight_[t] * (Z.row(i) - Z.row(j));
      laplacian.row(i) += push;
      laplacian.row(j) -= push;
    }
  }
  return value;
}

bool LmnnObjective::still_exact(const Matrix& Z) const {
  if (listed_.rows() != Z.rows() || listed_.cols() != Z.cols()) return false;
  const double norm = listed_.squaredNorm();
  const double scale = norm > 0 ? Z.cwiseProduct(listed_).sum() / norm : 0;
  if (scale <= 0) return false;
  const Vector moved = (Z - scale * listed_).rowwise().norm();
  const double most = moved.maxCoeff();
  for (Eigen::Index i = 0; i < moved.size(); ++i) {
    if (threshold_[i] == 0) continue;
    const double least = scale * radius_[i] - moved[i] - most;
    if (least <= 0 || least * least < threshold_[i]) return false;
  }
  return true;
}

void LmnnObjective::make_list(const Matrix& Z) {
  // Lists that hold for long are made shorter, lists that fail at once longer.
  if (lists_ > 0) margin_ = std::clamp(margin_ * (since_list_ > 8 ? 0.7 : 1.4), 0.02, 0.5);
  ++lists_;
  since_list_ = 0;
  listed_ = Z;
  radius_ = (1 + margin_) * threshold_.cwiseSqrt();
  const Vector reach = radius_.array().square();
  const Vector norms = Z.rowwise().squaredNorm();
  const std::int64_t n = Z.rows();
  candidates_.clear();
  Matrix products;
  for (std::int64_t top = 0; top < n; top += kTile) {
    const std::int64_t rows = std::min(kTile, n - top);
    for (std::int64_t left = first_[static_cast<std::size_t>(top)]; left < n; left += kTile) {
      const std::int64_t columns = std::min(kTile, n - left);
      products.noalias() = Z.middleRows(top, rows) * Z.middleRows(left, columns).transpose();
      for (std::int64_t row = 0; row < rows; ++row) {
        const std::int64_t i = top + row;
        const double* product = products.row(row).data();
        for (std::int64_t l = std::max<std::int64_t>(left, first_[static_cast<std::size_t>(i)]);
             l < left + columns; ++l) {
          const double distance = norms[i] + norms[l] - 2 * product[l - left];
          if (distance < std::max(reach[i], reach[l]))
            candidates_.push_back({static_cast<std::int32_t>(i), static_cast<std::int32_t>(l)});
        }
      }
    }
  }
}

double LmnnObjective::sum_over_list(const Matrix& Z, Matrix& laplacian) {
  const std::int64_t r = Z.cols();
  double sum = 0;
  // How many hinges of example i the impostor at this distance is in; their sum is added.
  auto hinges = [&](std::int32_t i, double distance) {
    double count = 0;
    const auto place = static_cast<std::size_t>(i);
    for (std::size_t t = target_begin_[place]; t < target_begin_[place + 1]; ++t) {
      const double hinge = 1 + target_distance_[t] - distance;
      if (hinge <= 0) continue;
      sum += hinge;
      target_weight_[t] += mu_;
      ++count;
    }
    return count;
  };
  for (const auto [i, l] : candidates_) {
    const double* zi = Z.row(i).data();
    const double* zl = Z.row(l).data();
    const double distance = squared_distance(zi, zl, r);
    if (distance >= threshold_[i] && distance >= threshold_[l]) continue;
    double count = 0;
    if (distance < threshold_[i]) count += hinges(i, distance);
    if (distance < threshold_[l]) count += hinges(l, distance);
    const double weight = -mu_ * count;
    double* to_i = laplacian.row(i).data();
    double* to_l = laplacian.row(l).data();
    for (std::int64_t c = 0; c < r; ++c) {
      const double push = weight * (zi[c] - zl[c]);
      to_i[c] += push;
      to_l[c] -= push;
    }
  }
  return sum;
}

}  // namespace metriclab
