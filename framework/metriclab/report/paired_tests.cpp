// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <metriclab/plugin/error.hpp>
#include <metriclab/report/moments.hpp>
#include <metriclab/report/paired_tests.hpp>
#include <numeric>
#include <vector>

namespace metriclab {
namespace {

constexpr std::size_t kMostExact = 50;  // sums up to 2^50 are whole numbers in double

/// Twice the ranks of these ascending numbers, equal ones sharing theirs; integers.
std::vector<std::int64_t> doubled_ranks(const std::vector<double>& ascending, double rounding) {
  std::vector<std::int64_t> doubled(ascending.size());
  for (std::size_t first = 0; first < ascending.size();) {
    std::size_t end = first + 1;
    while (end < ascending.size() && ascending[end] - ascending[first] <= rounding) ++end;
    std::fill(doubled.begin() + static_cast<std::ptrdiff_t>(first),
              doubled.begin() + static_cast<std::ptrdiff_t>(end),
              static_cast<std::int64_t>(first + 1 + end));
    first = end;
  }
  return doubled;
}

/// P(S ≤ bound) for S the sum of those of the ranks whose fair coin shows heads.
double exact_below(const std::vector<std::int64_t>& ranks, std::int64_t bound) {
  // ways[s]: how many subsets have the sum s.
  std::vector<double> ways(static_cast<std::size_t>(bound) + 1, 0.0);
  ways[0] = 1;
  for (std::int64_t rank : ranks)
    for (std::int64_t sum = bound; sum >= rank; --sum)
      ways[static_cast<std::size_t>(sum)] += ways[static_cast<std::size_t>(sum - rank)];
  return std::ldexp(std::accumulate(ways.begin(), ways.end(), 0.0),
                    -static_cast<int>(ranks.size()));
}

}  // namespace

double rounding_of(std::span<const double> a, std::span<const double> b) {
  double greatest = 0;
  for (double value : a) greatest = std::max(greatest, std::abs(value));
  for (double value : b) greatest = std::max(greatest, std::abs(value));
  return 1e-12 * greatest;
}

WinTieLoss count_wins(std::span<const double> a, std::span<const double> b) {
  METRICLAB_CHECK(a.size() == b.size(), "scores to be compared are not paired");
  const double rounding = rounding_of(a, b);
  WinTieLoss counts;
  for (std::size_t i = 0; i < a.size(); ++i)
    ++(std::abs(a[i] - b[i]) <= rounding ? counts.ties : a[i] > b[i] ? counts.wins : counts.losses);
  return counts;
}

double sign_test(const WinTieLoss& counts) {
  const auto n = static_cast<double>(counts.wins + counts.losses);
  if (n == 0) return 1;
  const boost::math::binomial fair(n, 0.5);
  return std::min(1.0, 2 * cdf(fair, static_cast<double>(std::min(counts.wins, counts.losses))));
}

WilcoxonTest wilcoxon_signed_rank(std::span<const double> a, std::span<const double> b,
                                  Zeros zeros) {
  METRICLAB_CHECK(a.size() == b.size(), "scores to be compared are not paired");
  const double rounding = rounding_of(a, b);
  std::vector<double> differences;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = a[i] - b[i];
    const bool zero = std::abs(difference) <= rounding;
    if (!zero || zeros == Zeros::pratt) differences.push_back(zero ? 0 : difference);
  }
  std::sort(differences.begin(), differences.end(),
            [](double x, double y) { return std::abs(x) < std::abs(y); });
  std::vector<double> sizes;
  for (double difference : differences) sizes.push_back(std::abs(difference));
  const std::vector<std::int64_t> doubled = doubled_ranks(sizes, rounding);

  WilcoxonTest test;
  std::vector<std::int64_t> ranks;  // doubled, of the non-zero ones
  std::int64_t positive = 0, all = 0;
  for (std::size_t i = 0; i < differences.size(); ++i) {
    if (differences[i] == 0) continue;
    ranks.push_back(doubled[i]);
    all += doubled[i];
    if (differences[i] > 0) positive += doubled[i];
  }
  test.nonzero = static_cast<std::int64_t>(ranks.size());
  test.positive = static_cast<double>(positive) / 2;
  test.negative = static_cast<double>(all - positive) / 2;
  test.exact = ranks.size() <= kMostExact;
  if (ranks.empty()) return test;
  if (test.exact) {
    test.p = std::min(1.0, 2 * exact_below(ranks, std::min(positive, all - positive)));
    return test;
  }
  double squares = 0;
  for (std::int64_t rank : ranks) squares += static_cast<double>(rank) * static_cast<double>(rank);
  const double z = (test.positive - test.negative) / 2 / std::sqrt(squares / 16);
  test.p = 2 * cdf(boost::math::normal(), -std::abs(z));
  return test;
}

double smallest_wilcoxon_p(std::int64_t n) { return std::ldexp(1.0, 1 - static_cast<int>(n)); }

CorrectedT corrected_resampled_t_test(std::span<const double> differences, double test_over_train,
                                      double confidence, double rounding) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  CorrectedT test;
  test.difference = mean_of(differences);
  const auto splits = static_cast<double>(differences.size());
  test.degrees = splits - 1;
  const double deviation = deviation_of(differences);
  if (!(deviation > rounding)) {
    const bool none = differences.size() >= 2 && std::abs(test.difference) <= rounding;
    test.t = none ? 0 : kNan;
    test.low = test.high = none ? 0 : kNan;
    test.p = none ? 1 : kNan;
    return test;
  }
  const double error = std::sqrt(1 / splits + test_over_train) * deviation;
  const boost::math::students_t distribution(test.degrees);
  test.t = test.difference / error;
  test.p = 2 * cdf(distribution, -std::abs(test.t));
  const double reach = quantile(distribution, (1 + confidence) / 2) * error;
  test.low = test.difference - reach;
  test.high = test.difference + reach;
  return test;
}

}  // namespace metriclab
