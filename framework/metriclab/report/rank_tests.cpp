// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <limits>
#include <metriclab/plugin/error.hpp>
#include <metriclab/report/rank_tests.hpp>
#include <metriclab/report/studentized_range.hpp>
#include <numbers>

namespace metriclab {
namespace {

/// log of the ways to rank k methods with the ties that this row has.
double log_rankings(std::vector<double> row) {
  std::sort(row.begin(), row.end());
  double log_count = std::lgamma(static_cast<double>(row.size()) + 1);
  for (auto first = row.begin(); first != row.end();) {
    const auto end = std::upper_bound(first, row.end(), *first);
    log_count -= std::lgamma(static_cast<double>(end - first) + 1);
    first = end;
  }
  return log_count;
}

}  // namespace

FriedmanTest friedman_test(const std::vector<std::vector<double>>& ranks) {
  METRICLAB_CHECK(ranks.size() >= 2 && ranks.front().size() >= 2,
                  "Friedman's test takes two data sets and two methods at least");
  const std::size_t methods = ranks.front().size();
  const auto n = static_cast<double>(ranks.size()), k = static_cast<double>(methods);
  FriedmanTest test;
  test.average_ranks.assign(methods, 0.0);
  double squares = 0;
  for (const auto& row : ranks)
    for (std::size_t j = 0; j < methods; ++j) {
      test.average_ranks[j] += row[j] / n;
      squares += (row[j] - (k + 1) / 2) * (row[j] - (k + 1) / 2);
    }
  if (squares == 0) return test;
  double between = 0;
  for (double rank : test.average_ranks) between += (rank - (k + 1) / 2) * (rank - (k + 1) / 2);
  test.chi_squared = n * n * (k - 1) * between / squares;
  test.p_chi_squared = cdf(complement(boost::math::chi_squared(k - 1), test.chi_squared));
  if (std::all_of(ranks.begin(), ranks.end(),
                  [&](const auto& row) { return row == ranks.front(); })) {
    test.f = std::numeric_limits<double>::infinity();
    test.p = std::exp((1 - n) * log_rankings(ranks.front()));
    return test;
  }
  test.f = (n - 1) * test.chi_squared / (n * (k - 1) - test.chi_squared);
  test.p = cdf(complement(boost::math::fisher_f(k - 1, (k - 1) * (n - 1)), test.f));
  return test;
}

double rank_difference_error(std::int64_t k, std::int64_t n) {
  const auto methods = static_cast<double>(k);
  return std::sqrt(methods * (methods + 1) / (6 * static_cast<double>(n)));
}

double rank_difference_p(double difference, std::int64_t k, std::int64_t n) {
  return 2 * cdf(boost::math::normal(), -std::abs(difference) / rank_difference_error(k, n));
}

double nemenyi_p(double difference, std::int64_t k, std::int64_t n) {
  return studentized_range_tail(
      std::numbers::sqrt2 * std::abs(difference) / rank_difference_error(k, n), k);
}

double nemenyi_critical_difference(double alpha, std::int64_t k, std::int64_t n) {
  return studentized_range_quantile(alpha, k) / std::numbers::sqrt2 * rank_difference_error(k, n);
}

}  // namespace metriclab
