// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/plugin/random.hpp>
#include <optional>

namespace metriclab {

/// A mean and a covariance that outliers don't reach.
struct RobustCovariance {
  Vector mean;                 // (d)
  Matrix covariance;           // (d × d)
  Indices inliers;             // the examples these are of, rising
  Indices half;                // the h examples of least determinant, rising
  double log_determinant = 0;  // of the covariance (1/h) of `half`
};

/// The minimum covariance determinant, reweighted.
///
/// Of all sets of h examples, the one whose covariance has the least determinant; with its mean T
/// and covariance S, scaled so that the median of (x_i − T)ᵀS⁻¹(x_i − T) is that of χ²_d, the
/// inliers are the examples with a distance of no more than χ²_d's 0.975-quantile q. The result is
/// their mean and their covariance (1/(n' − 1)), times 0.975 / P(χ²_{d+2} ≤ q), which makes it that
/// of normal data. h = ⌈support_fraction·n⌉, and ⌊(n + d + 1)/2⌋ where that is not given, which
/// withstands the most outliers.
///
/// Rousseeuw, Van Driessen. A fast algorithm for the minimum covariance determinant estimator.
/// Technometrics 1999: from random sets of d + 1 examples, by steps to the h nearest of the set at
/// hand, each of which lowers the determinant; two steps for each of `n_starts`, all steps for the
/// ten best; above 600 examples first in up to five groups of 300, then in their union. The factor:
/// Croux, Haesbroeck. Influence function and efficiency of the minimum covariance determinant
/// scatter matrix estimator. Journal of Multivariate Analysis 1999. What is found depends on
/// `random`; it is the least determinant with high probability, not for certain.
///
/// Throws Error (that names `solver`) where n ≤ 2·d, where h is not above d, and where the
/// covariance of h examples is singular. O(n_starts·min(n, 1500)·d² + steps·n·d²).
RobustCovariance minimum_covariance_determinant(const Matrix& X,
                                                const std::optional<double>& support_fraction,
                                                std::int64_t n_starts, const Random& random,
                                                std::string_view solver);

}  // namespace metriclab
