// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>

namespace metriclab {

// Two methods on the same data sets, or on the same splits of one. In all of them a and b are
// scores of which the higher is the better, paired by place, and p is two-sided.

/// Differences below it are rounding: 1e-12 of the greatest absolute value. Means of equal
/// accuracies may differ by their last bits, and 0.9 − 0.8 from 0.8 − 0.7.
double rounding_of(std::span<const double> a, std::span<const double> b);

struct WinTieLoss {
  std::int64_t wins = 0, ties = 0, losses = 0;  // of a against b
};
WinTieLoss count_wins(std::span<const double> a, std::span<const double> b);

/// The sign test: under the hypothesis the wins are Binomial(wins + losses, 1/2), exactly; p = 1
/// without any. Differs from Demšar. JMLR 2006, section 3.1.4, where ties are shared out: here they
/// tell nothing, as in Dixon, Mood. The statistical sign test. JASA 1946.
double sign_test(const WinTieLoss& counts);

/// What becomes of data sets on which both are the same.
enum class Zeros {
  pratt,    // they take the lowest ranks, which count for neither
  wilcoxon  // they are left out before ranking
};

struct WilcoxonTest {
  double positive = 0, negative = 0;  // W⁺ and W⁻, the sums of ranks of a's wins and of b's
  std::int64_t nonzero = 0;
  double p = 1;
  bool exact = true;
};

/// The Wilcoxon signed-rank test: |a − b| ranked, equal ones sharing the mean of their ranks r, and
/// under the hypothesis each sign is a fair coin:
///
///     p = P(|W⁺ − E| ≥ |w⁺ − E|),   E = Σ r/2
///
/// For at most 50 non-zero differences p is exact, ties or none: the distribution of the doubled
/// ranks' sum, which are integers, built up one rank at a time. Beyond, W⁺ is taken as normal with
/// variance Σ r²/4, which is the usual one with its corrections for ties and zeros; without
/// continuity correction. Without non-zero differences p = 1. Wilcoxon. Individual comparisons by
/// ranking methods. Biometrics Bulletin 1945; Demšar. JMLR 2006, section 3.1.3.
///
/// Zeros: Pratt (Remarks on zeros and ties in the Wilcoxon signed rank procedures. JASA 1959) is
/// the default. With Wilcoxon's own treatment a data set on which both are the same makes the
/// others weigh as if it had not been measured, and p can fall when a's scores do. O(n³).
WilcoxonTest wilcoxon_signed_rank(std::span<const double> a, std::span<const double> b,
                                  Zeros zeros = Zeros::pratt);

/// The least p that the Wilcoxon and the sign test can give on n data sets: 2^(1−n), n ≥ 1.
double smallest_wilcoxon_p(std::int64_t n);

struct CorrectedT {
  double difference = 0;     // mean
  double low = 0, high = 0;  // its interval
  double t = 0, degrees = 0;
  double p = 1;  // NaN where the test is undefined, as then are t, low and high
};

/// The corrected resampled t-test on the differences x of J splits of one data set:
///
///     t = mean(x) / √((1/J + n_test/n_train)·s²),   J − 1 degrees of freedom
///
/// s²: variance of x with J − 1 in the denominator. The second term is for what the training parts
/// have in common; without it the test finds differences where there are none. Interval: the
/// difference ± the t-quantile times that root. Undefined for J < 2, and where all differences are
/// equal but not 0; p = 1 where all are 0. Nadeau, Bengio. Inference for the generalization error.
/// Machine Learning 2003, section 3, ρ approximated by n_test/(n_test + n_train); for repeated
/// cross-validation Bouckaert, Frank. Evaluating the replicability of significance tests for
/// comparing learning algorithms. PAKDD 2004.
///
/// `rounding`: a deviation of x up to this is none.
CorrectedT corrected_resampled_t_test(std::span<const double> differences, double test_over_train,
                                      double confidence, double rounding = 0);

}  // namespace metriclab
