// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <vector>

namespace metriclab {

// Correlation of two lists of numbers x and y, (n) each, n ≥ 2, all finite. Each is NaN where all x
// or all y are equal. All are 1 where y rises with x (for Pearson's: on a line), −1 where it falls.

/// Pearson's r: Σ (x − x̄)(y − ȳ) / √(Σ (x − x̄)² Σ (y − ȳ)²). O(n). Numbers of any size, as both
/// lists are first brought to 0 … 1.
double pearson(std::span<const double> x, std::span<const double> y);

/// Spearman's ρ: Pearson's r of the average ranks. O(n log n).
/// Spearman. The proof and measurement of association between two things. American Journal of
/// Psychology 1904.
double spearman(std::span<const double> x, std::span<const double> y);

/// Kendall's τ_b, in which ties in either list count for nothing:
///
///     (C − D) / √((n₀ − n₁)(n₀ − n₂)),  n₀ = n(n − 1)/2
///
/// C, D: how many pairs (i, j) are ordered alike, or oppositely, by x and y; n₁, n₂: how many are
/// tied in x, in y. O(n log n) by counting the exchanges of a merge sort.
/// Kendall. The treatment of ties in ranking problems. Biometrika 1945; Knight. A computer method
/// for calculating Kendall's tau with ungrouped data. Journal of the American Statistical
/// Association 1966.
double kendall_tau_b(std::span<const double> x, std::span<const double> y);

/// The rank of each number, from 1; equal ones share the mean of their ranks. O(n log n).
std::vector<double> average_ranks(std::span<const double> values);

/// y ≈ intercept + slope·x with the least sum of squares; the mean of y where all x are equal.
/// n ≥ 1. O(n).
struct Line {
  double intercept = 0, slope = 0;
  double operator()(double x) const { return intercept + slope * x; }
};
Line least_squares_line(std::span<const double> x, std::span<const double> y);

}  // namespace metriclab
