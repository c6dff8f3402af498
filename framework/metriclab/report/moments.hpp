// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>

namespace metriclab {

/// Mean of n numbers; NaN for n = 0.
double mean_of(std::span<const double> values);

/// Standard deviation of n numbers, with n − 1 in the denominator; NaN for n < 2, and exactly 0 for
/// equal numbers.
double deviation_of(std::span<const double> values);

}  // namespace metriclab
