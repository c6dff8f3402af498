// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/classical/pair_sums.hpp>
#include <metriclab/data/vector_math.hpp>
#include <utility>

namespace metriclab {
namespace {

METRICLAB_WIDE void distances(const double* Z, std::int64_t r, const RowPair* pairs,
                              std::size_t count, double* out) {
  constexpr int kLanes = 16;
  for (std::size_t k = 0; k < count; ++k) {
    const double* a = Z + pairs[k].first * r;
    const double* b = Z + pairs[k].second * r;
    double lanes[kLanes] = {};
    std::int64_t t = 0;
    for (; t + kLanes <= r; t += kLanes)
      for (int lane = 0; lane < kLanes; ++lane) {
        const double difference = a[t + lane] - b[t + lane];
        lanes[lane] += difference * difference;
      }
    for (int half = kLanes / 2; half > 0; half /= 2)
      for (int lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
    double sum = lanes[0];
    for (; t < r; ++t) sum += (a[t] - b[t]) * (a[t] - b[t]);
    out[k] = sum;
  }
}

METRICLAB_WIDE void products(const double* X, const double* Y, std::int64_t r, const RowPair* pairs,
                             std::size_t count, double* out) {
  constexpr int kLanes = 16;
  for (std::size_t k = 0; k < count; ++k) {
    const double* a = X + pairs[k].first * r;
    const double* b = X + pairs[k].second * r;
    const double* c = Y + pairs[k].first * r;
    const double* d = Y + pairs[k].second * r;
    double lanes[kLanes] = {};
    std::int64_t t = 0;
    for (; t + kLanes <= r; t += kLanes)
      for (int lane = 0; lane < kLanes; ++lane)
        lanes[lane] += (a[t + lane] - b[t + lane]) * (c[t + lane] - d[t + lane]);
    for (int half = kLanes / 2; half > 0; half /= 2)
      for (int lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
    double sum = lanes[0];
    for (; t < r; ++t) sum += (a[t] - b[t]) * (c[t] - d[t]);
    out[k] = sum;
  }
}

METRICLAB_WIDE void laplacian(const double* Z, std::int64_t r, const RowPair* pairs,
                              std::size_t count, const double* weights, double* sum) {
  for (std::size_t k = 0; k < count; ++k) {
    const double w = weights[k];
    if (w == 0 || pairs[k].first == pairs[k].second) continue;
    const double* a = Z + pairs[k].first * r;
    const double* b = Z + pairs[k].second * r;
    double* to_a = sum + pairs[k].first * r;
    double* to_b = sum + pairs[k].second * r;
#pragma GCC ivdep
    for (std::int64_t t = 0; t < r; ++t) {
      const double part = w * (a[t] - b[t]);
      to_a[t] += part;
      to_b[t] -= part;
    }
  }
}

METRICLAB_WIDE void weighted(const double* R, const double* W, std::int64_t K, const RowPair* pairs,
                             std::size_t count, double* out) {
  constexpr int kLanes = 16;
  for (std::size_t k = 0; k < count; ++k) {
    const double* a = R + pairs[k].first * K;
    const double* b = R + pairs[k].second * K;
    const double* w = W + pairs[k].first * K;
    double lanes[kLanes] = {};
    std::int64_t t = 0;
    for (; t + kLanes <= K; t += kLanes)
      for (int lane = 0; lane < kLanes; ++lane) {
        const double difference = a[t + lane] - b[t + lane];
        lanes[lane] += w[t + lane] * difference * difference;
      }
    for (int half = kLanes / 2; half > 0; half /= 2)
      for (int lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
    double sum = lanes[0];
    for (; t < K; ++t) sum += w[t] * (a[t] - b[t]) * (a[t] - b[t]);
    out[k] = sum;
  }
}

METRICLAB_WIDE void weight_derivatives(const double* R, std::int64_t K, const RowPair* pairs,
                                       std::size_t count, const double* slopes, double* gradient) {
  for (std::size_t k = 0; k < count; ++k) {
    const double slope = slopes[k];
    if (slope == 0) continue;
    const double* a = R + pairs[k].first * K;
    const double* b = R + pairs[k].second * K;
    double* to = gradient + pairs[k].first * K;
#pragma GCC ivdep
    for (std::int64_t t = 0; t < K; ++t) to[t] += slope * (a[t] - b[t]) * (a[t] - b[t]);
  }
}

}  // namespace

Vector pair_distances(const Matrix& Z, const std::vector<RowPair>& pairs) {
  Vector result(static_cast<Eigen::Index>(pairs.size()));
  distances(Z.data(), Z.cols(), pairs.data(), pairs.size(), result.data());
  return result;
}

Vector pair_products(const Matrix& X, const Matrix& Y, const std::vector<RowPair>& pairs) {
  Vector result(static_cast<Eigen::Index>(pairs.size()));
  products(X.data(), Y.data(), X.cols(), pairs.data(), pairs.size(), result.data());
  return result;
}

Vector weighted_pair_distances(const Matrix& R, const Matrix& W,
                               const std::vector<RowPair>& pairs) {
  Vector result(static_cast<Eigen::Index>(pairs.size()));
  weighted(R.data(), W.data(), R.cols(), pairs.data(), pairs.size(), result.data());
  return result;
}

void add_weight_derivatives(const Matrix& R, const std::vector<RowPair>& pairs,
                            const Vector& slopes, Matrix& gradient) {
  weight_derivatives(R.data(), R.cols(), pairs.data(), pairs.size(), slopes.data(),
                     gradient.data());
}

void add_laplacian(const Matrix& Z, const std::vector<RowPair>& pairs, const Vector& weights,
                   Matrix& sum) {
  laplacian(Z.data(), Z.cols(), pairs.data(), pairs.size(), weights.data(), sum.data());
}

Matrix scatter_of_pairs(const Matrix& X, const std::vector<RowPair>& pairs, const Vector& weights) {
  Matrix sum = Matrix::Zero(X.rows(), X.cols());
  add_laplacian(X, pairs, weights, sum);
  const Matrix scatter = sum.transpose() * X;
  return (scatter + scatter.transpose()) / 2;
}

TripletPairs pairs_of_triplets(std::vector<std::array<std::int64_t, 3>> triplets) {
  TripletPairs result;
  std::sort(triplets.begin(), triplets.end());
  std::vector<std::pair<std::int64_t, std::int64_t>> all;
  all.reserve(2 * triplets.size());
  for (const auto& [i, j, l] : triplets) {
    all.emplace_back(i, j);
    all.emplace_back(i, l);
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  for (const auto& [i, j] : all)
    result.pairs.push_back({static_cast<std::int32_t>(i), static_cast<std::int32_t>(j)});
  auto number = [&](std::int64_t i, std::int64_t j) {
    return static_cast<std::int32_t>(std::lower_bound(all.begin(), all.end(), std::pair(i, j)) -
                                     all.begin());
  };
  for (const auto& [i, j, l] : triplets) {
    result.near.push_back(number(i, j));
    result.far.push_back(number(i, l));
  }
  return result;
}

}  // namespace metriclab
