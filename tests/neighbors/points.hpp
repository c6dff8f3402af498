// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <metriclab/data/method.hpp>
#include <string>

namespace metriclab {

/// Points of a kind that a search may stumble over.
template <class M>
M points(const std::string& kind, std::int64_t n, std::int64_t d, Random random) {
  M result(n, d);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t t = 0; t < d; ++t) {
      double value = random.normal();
      // Few whole numbers: many exact ties and duplicates.
      if (kind == "whole numbers") value = std::round(value);
      // Near-duplicates far from the origin: ‖x‖² + ‖y‖² − 2x·y would lose all digits in float.
      if (kind == "far from the origin") value = 1e4 + 0.01 * value;
      // Two far groups: centring on the mean helps neither.
      if (kind == "two groups") value = (i % 2 ? 1e3 : -1e3) + 0.01 * value;
      if (kind == "huge") value *= 1e30;
      if (kind == "tiny") value *= 1e-30;
      if (kind == "some zero" && i % 3 == 0) value = 0;
      if (kind == "one far off" && i == 0) value = 1e6;
      if (kind == "all equal") value = t + 0.1;
      result(i, t) = static_cast<typename M::Scalar>(value);
    }
  if (kind == "duplicates")
    for (std::int64_t i = 1; i < n; i += 2) result.row(i) = result.row(i / 2);
  return result;
}

/// Points as a distance takes them: for histograms their absolute values; for the Poincaré ball
/// shortened to ‖x‖ / (1 + ‖x‖), the far ones to just below 1. Equal points stay equal.
template <class M>
M fit_for(Distance distance, M points) {
  if (distance == Distance::chi_squared) return points.cwiseAbs();
  if (distance != Distance::poincare) return points;
  for (std::int64_t i = 0; i < points.rows(); ++i) {
    const Vector row = points.row(i).template cast<double>();
    const double length = row.stableNorm();
    if (length == 0) continue;
    const double shortened = std::min(length / (1 + length), 1 - 1e-6);
    points.row(i) = (row * (shortened / length)).template cast<typename M::Scalar>();
  }
  return points;
}

}  // namespace metriclab
