// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <cmath>
#include <metriclab/report/rank_tests.hpp>
#include <metriclab/report/studentized_range.hpp>
#include <metriclab/report/table.hpp>
#include <numbers>

#include "reference.hpp"

namespace {

using namespace metriclab;
using namespace report_test;
using doctest::Approx;

std::vector<std::vector<double>> ranks_of_rows(const std::vector<std::vector<double>>& values) {
  std::vector<std::vector<double>> ranks;
  for (const auto& row : values) ranks.push_back(ranks_of(row, Better::higher));
  return ranks;
}

/// Demšar. JMLR 2006, table 6: AUC of C4.5, C4.5+m, C4.5+cf and C4.5+m+cf on 14 data sets. Of two
/// that it prints as 0.975 it ranks one before the other: here 0.9751.
const std::vector<std::vector<double>> kDemsar = {
    {0.763, 0.768, 0.771, 0.798},  {0.599, 0.591, 0.590, 0.569}, {0.954, 0.971, 0.968, 0.967},
    {0.628, 0.661, 0.654, 0.657},  {0.882, 0.888, 0.886, 0.898}, {0.936, 0.931, 0.916, 0.931},
    {0.661, 0.668, 0.609, 0.685},  {0.583, 0.583, 0.563, 0.625}, {0.775, 0.838, 0.866, 0.875},
    {1.000, 1.000, 1.000, 1.000},  {0.940, 0.962, 0.965, 0.962}, {0.619, 0.666, 0.614, 0.669},
    {0.972, 0.981, 0.9751, 0.975}, {0.957, 0.978, 0.946, 0.970}};

TEST_CASE("Demšar's example: mean ranks, F and the critical difference as printed") {
  const auto ranks = ranks_of_rows(kDemsar);
  const FriedmanTest test = friedman_test(ranks);
  const std::vector<double> printed{3.143, 2.000, 2.893, 1.964};
  for (std::size_t j = 0; j < 4; ++j)
    CHECK(test.average_ranks[j] == Approx(printed[j]).epsilon(0.0005 / 2));
  // The paper's 9.28 and 3.69 are without the correction for ties, which multiplies χ² by
  // 1 / (1 − Σ(t³ − t)/(n·k·(k² − 1))): here three pairs and one four tie.
  double ties = 0;
  for (const auto& row : ranks)
    for (double rank : row) {
      double t = 0;
      for (double other : row) t += other == rank;
      ties += t * t - 1;  // each of the t adds (t³ − t)/t
    }
  const double uncorrected = test.chi_squared * (1 - ties / (14 * 4 * 15));
  CHECK(uncorrected == Approx(9.28).epsilon(0.0005));
  CHECK(13 * uncorrected / (14 * 3 - uncorrected) == Approx(3.69).epsilon(0.001));
  CHECK(nemenyi_critical_difference(0.05, 4, 14) == Approx(1.25).epsilon(0.004));
  CHECK(nemenyi_critical_difference(0.10, 4, 14) == Approx(1.12).epsilon(0.004));
}

TEST_CASE("Friedman with ties: SciPy's values") {
  for (const Value& each : scipy("friedman")) {
    std::vector<std::vector<double>> values;
    for (const Value& row : each.at("values").as_list()) values.push_back(numbers(row));
    const FriedmanTest test = friedman_test(ranks_of_rows(values));
    CHECK(test.chi_squared == Approx(number(each, "chi_squared")).epsilon(1e-10));
    CHECK(test.p_chi_squared == Approx(number(each, "p_chi_squared")).epsilon(1e-9));
    CHECK(test.p == Approx(number(each, "p")).epsilon(1e-9));
  }
}

TEST_CASE("Friedman at its ends: all tied, all alike") {
  const FriedmanTest tied = friedman_test({{2, 2, 2}, {2, 2, 2}});
  CHECK(tied.chi_squared == 0);
  CHECK(tied.f == 0);
  CHECK(tied.p == 1);
  const FriedmanTest alike = friedman_test({{1, 2, 3}, {1, 2, 3}, {1, 2, 3}});
  CHECK(alike.chi_squared == Approx(3 * 2));  // n·(k − 1)
  CHECK(std::isinf(alike.f));
  CHECK(alike.p == Approx(1.0 / (6 * 6)));
  // {1.5, 1.5, 3} can stand in 3!/2! = 3 ways.
  CHECK(friedman_test({{1.5, 1.5, 3}, {1.5, 1.5, 3}}).p == Approx(1.0 / 3));
}

TEST_CASE("the studentized range: SciPy's values") {
  for (const Value& each : scipy("studentized_range"))
    CHECK(studentized_range_tail(number(each, "q"), each.at("k").as_integer()) ==
          Approx(number(each, "tail")).scale(1).epsilon(1e-9));
}

TEST_CASE("the studentized range of two is |x − y|, far into the tail") {
  for (double q : {1e-6, 0.5, 3.0, 10.0, 30.0, 50.0})
    CHECK(studentized_range_tail(q, 2) == Approx(std::erfc(q / 2)).epsilon(1e-10));
  CHECK(studentized_range_tail(0, 5) == 1);
  CHECK(studentized_range_tail(-1, 5) == 1);
}

TEST_CASE("Nemenyi's critical values: Demšar. JMLR 2006, table 5(a)") {
  const std::vector<double> q05{1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164};
  const std::vector<double> q10{1.645, 2.052, 2.291, 2.459, 2.589, 2.693, 2.780, 2.855, 2.920};
  for (std::size_t i = 0; i < q05.size(); ++i) {
    const auto k = static_cast<std::int64_t>(i) + 2;
    // The table is truncated in places: 2.343 for 2.3437.
    CHECK(std::abs(studentized_range_quantile(0.05, k) / std::numbers::sqrt2 - q05[i]) < 1e-3);
    CHECK(std::abs(studentized_range_quantile(0.10, k) / std::numbers::sqrt2 - q10[i]) < 1e-3);
  }
}

TEST_CASE("quantile and tail are inverse, and p at the critical difference is alpha") {
  for (double alpha : {0.9, 0.1, 0.05, 0.01, 1e-6})
    for (std::int64_t k : {2, 3, 10, 60}) {
      CHECK(studentized_range_tail(studentized_range_quantile(alpha, k), k) ==
            Approx(alpha).epsilon(1e-9));
      CHECK(nemenyi_p(nemenyi_critical_difference(alpha, k, 12), k, 12) ==
            Approx(alpha).epsilon(1e-9));
    }
}

TEST_CASE("a difference of mean ranks by itself") {
  // k = 5, n = 30: the error is √(30/180); García, Herrera. JMLR 2008, table 4: z = 5.471.
  CHECK(rank_difference_error(5, 30) == Approx(std::sqrt(1.0 / 6)));
  const double z = (4.333 - 2.1) / std::sqrt(1.0 / 6);
  CHECK(rank_difference_p(4.333 - 2.1, 5, 30) == Approx(std::erfc(z / std::numbers::sqrt2)));
  // Of two methods Nemenyi's test is the same.
  CHECK(rank_difference_p(0.4, 2, 9) == Approx(nemenyi_p(-0.4, 2, 9)).epsilon(1e-10));
}

}  // namespace
