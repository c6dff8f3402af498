// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <limits>
#include <metriclab/data/vector_math.hpp>
#include <metriclab/deep/distance_weighting.hpp>
#include <metriclab/deep/row_math.hpp>

namespace metriclab {
namespace {

constexpr double kNone = -std::numeric_limits<double>::max();

/// log w of each; kNone: weight 0.
template <class T>
[[gnu::always_inline]] inline void log_weights(const T* distances, std::int64_t n,
                                               const DistanceWeighting& by, double* to) {
  const double first = static_cast<double>(2 - by.dimensions) / 2,
               second = static_cast<double>(3 - by.dimensions) / 2,
               greatest = std::min(by.greatest, 2.0);
  for (std::int64_t j = 0; j < n; ++j) {
    const double d = std::max(static_cast<double>(distances[j]), by.cutoff);
    const bool is_near = d < greatest;
    // What is too far is measured at a place where logarithms exist.
    const double square = is_near ? d * d : 1;
    const double log_weight =
        first * log_of_positive(square) + second * log_of_positive(1 - square / 4);
    to[j] = is_near ? log_weight : kNone;
  }
}

/// To weights relative to the greatest.
[[gnu::always_inline]] inline void relative(double* weights, std::int64_t n, double top) {
  for (std::int64_t j = 0; j < n; ++j)
    weights[j] = weights[j] == kNone ? 0 : exp_of_negative(weights[j] - top);
}

METRICLAB_WIDE void wide_log_weights(const float* d, std::int64_t n, const DistanceWeighting& by,
                                     double* to) {
  log_weights(d, n, by, to);
}
METRICLAB_WIDE void wide_log_weights(const double* d, std::int64_t n, const DistanceWeighting& by,
                                     double* to) {
  log_weights(d, n, by, to);
}
METRICLAB_WIDE void wide_relative(double* weights, std::int64_t n, double top) {
  relative(weights, n, top);
}

}  // namespace

template <class T>
bool DistanceWeighting::weigh(std::span<const T> distances, std::span<double> weights) const {
  const auto n = static_cast<std::int64_t>(distances.size());
  wide_log_weights(distances.data(), n, *this, weights.data());
  const double top = maximum_of<double>(weights);
  if (n == 0 || top == kNone) {
    std::fill(weights.begin(), weights.end(), 0);
    return false;
  }
  wide_relative(weights.data(), n, top);
  multiply_by(weights, 1 / sum_of<double>(weights));
  return true;
}

template bool DistanceWeighting::weigh(std::span<const float>, std::span<double>) const;
template bool DistanceWeighting::weigh(std::span<const double>, std::span<double>) const;

}  // namespace metriclab
