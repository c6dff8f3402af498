// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/classical/pair_sums.hpp>
#include <metriclab/classical/vector_math.hpp>

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

}  // namespace

Vector pair_distances(const Matrix& Z, const std::vector<RowPair>& pairs) {
  Vector result(static_cast<Eigen::Index>(pairs.size()));
  distances(Z.data(), Z.cols(), pairs.data(), pairs.size(), result.data());
  return result;
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

}  // namespace metriclab
