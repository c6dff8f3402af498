// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/plugin/random.hpp>
#include <span>

namespace metriclab {

struct Interval {
  double low = 0, high = 0;    // NaN, NaN where there is none
  bool bias_corrected = true;  // BCa; otherwise percentiles
};

/// A bootstrap interval of the mean of n independent numbers, BCa. With θ* the sorted means of so
/// many resamples of n with replacement and Φ the normal distribution its ends are the quantiles of
/// θ* at
///
///     α(z) = Φ(z0 + (z0 + z)/(1 − a·(z0 + z))),   z = Φ⁻¹((1 ∓ confidence)/2)
///     z0 = Φ⁻¹(part of θ* below the mean, ties by half)
///     a = Σ u³ / (6·(Σ u²)^(3/2)),   u = mean − mean without i
///
/// Efron, Tibshirani. An introduction to the bootstrap. 1993, eqs. 14.9, 14.10, 14.14, 14.15;
/// quantiles are interpolated between order statistics. Where BCa is undefined (no θ* below the
/// mean, or none above; a denominator ≤ 0) its ends are the percentiles (1 ∓ confidence)/2, eq.
/// 13.5. Equal numbers give [x, x]; n < 2 gives NaN. For few numbers the interval is too narrow: a
/// resample varies by (n − 1)/n of the variance. O(resamples·n).
Interval bootstrap_interval(std::span<const double> values, double confidence,
                            std::int64_t resamples, Random random);

}  // namespace metriclab
