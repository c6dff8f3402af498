// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstdint>

namespace metriclab {

/// [low, high] cut into `count` parts of one width, each without its upper end but the last.
struct UniformBins {
  double low = 0, high = 0;
  std::int64_t count = 1;

  /// The lower end of part i, i ≤ count.
  double edge(std::int64_t i) const {
    return low + (high - low) * (static_cast<double>(i) / static_cast<double>(count));
  }
  /// The part that x is in, the first or the last where it is outside.
  std::int64_t of(double x) const {
    if (!(high > low)) return 0;
    const double at = (x - low) / (high - low) * static_cast<double>(count);
    return std::clamp(static_cast<std::int64_t>(at), std::int64_t{0}, count - 1);
  }
};

}  // namespace metriclab
