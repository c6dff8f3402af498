// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace metriclab {

/// P(Q > q) for the range Q of k independent standard normal numbers: the studentized range
/// distribution with infinite degrees of freedom. With φ, Φ the normal density and distribution,
///
///     P(Q > q) = k ∫ φ(z)·(Φ(z)^(k−1) − (Φ(z) − Φ(z − q))^(k−1)) dz
///
/// 1 for q ≤ 0. Relative error below 1e-9 as far as 1e-300, for the difference under the integral
/// is summed without cancellation. k ≥ 2. Tukey's distribution; the integral is in Lund, Lund.
/// Algorithm AS 190. Applied Statistics 1983. Some hundred points, whatever k is.
double studentized_range_tail(double q, std::int64_t k);

/// The q with P(Q > q) = alpha, 0 < alpha < 1.
double studentized_range_quantile(double alpha, std::int64_t k);

}  // namespace metriclab
