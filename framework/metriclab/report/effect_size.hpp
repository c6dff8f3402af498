// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>

namespace metriclab {

// How large a difference is, beside whether it is there. In all of them a and b are scores of which
// the higher is the better.

/// Cohen's d of paired differences, also d_z:
///
///     d = mean(x) / deviation(x)
///
/// x: the n differences a − b; the deviation has n − 1 in its denominator, and is none up to
/// `rounding`. NaN for n < 2 and where all differences are equal but not 0; 0 where all are 0.
/// Cohen. Statistical power analysis for the behavioral sciences. 1988, section 2.3.5.
double cohens_d(std::span<const double> differences, double rounding = 0);

/// Cliff's delta:
///
///     δ = mean over i, j of sign(a_i − b_j), in [−1, 1]
///
/// over all n·m pairs, the pairing left aside: it asks how far the two distributions overlap.
/// Values that differ by at most `rounding` are equal. NaN where a or b is empty. Cliff. Dominance
/// statistics: ordinal analyses to answer ordinal questions. Psychological Bulletin 1993.
/// O((n + m) log m).
double cliffs_delta(std::span<const double> a, std::span<const double> b, double rounding = 0);

/// Vargha and Delaney's measure of stochastic superiority:
///
///     A12 = P(a > b) + P(a = b)/2 = (δ + 1)/2
///
/// 0.5 where neither is superior. Vargha, Delaney. A critique and improvement of the CL common
/// language effect size statistics of McGraw and Wong. Journal of Educational and Behavioral
/// Statistics 2000.
double vargha_delaney_a12(std::span<const double> a, std::span<const double> b,
                          double rounding = 0);

}  // namespace metriclab
