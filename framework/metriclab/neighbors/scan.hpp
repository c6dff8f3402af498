// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace metriclab {

/// How many numbers a scan looks through.
inline constexpr std::int64_t kStrip = 512;

/// Where a scan found numbers that are small enough, in no particular order.
struct Positions {
  std::int32_t at[kStrip + 8];  // the first `count` count; a scan writes beyond them
  std::int64_t count;
};

/// Those j < kStrip with values[j] + added[j] ≤ threshold. What is not a number never is.
void scan(const float* values, const float* added, float threshold, Positions& found);
void scan(const double* values, const double* added, double threshold, Positions& found);
/// Those with values[j] + added ≤ thresholds[j]: the same values as others see them.
void scan(const float* values, float added, const float* thresholds, Positions& found);
void scan(const double* values, double added, const double* thresholds, Positions& found);

/// A number that at least k of n (≥ k > 0) are not above, and at most k + spare where equal ones
/// don't make it more. By counting, whose passes have no branches: some ten of them.
float near_kth(const float* values, std::int64_t n, std::int64_t k, std::int64_t spare);
double near_kth(const double* values, std::int64_t n, std::int64_t k, std::int64_t spare);

}  // namespace metriclab
