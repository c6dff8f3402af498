// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <cmath>
#include <metriclab/report/bayesian_signed_rank.hpp>
#include <metriclab/report/bootstrap.hpp>
#include <metriclab/report/effect_size.hpp>
#include <metriclab/report/moments.hpp>
#include <numbers>

#include "reference.hpp"

namespace {

using namespace metriclab;
using namespace report_test;
using doctest::Approx;

TEST_CASE("bootstrap: SciPy's BCa, within what resampling allows") {  // seeded, stochastic
  for (const Value& each : scipy("bootstraps")) {
    const auto x = numbers(each.at("x"));
    const Interval interval = bootstrap_interval(x, 0.95, 100'000, Random(1));
    CHECK(interval.bias_corrected);
    // A quantile at 0.025 of 100 000 resamples is known to √(0.025·0.975/100 000)/density: for
    // a normal mean 0.0085 of its standard error. Three times that, for either side's.
    const double error = deviation_of(x) / std::sqrt(static_cast<double>(x.size()));
    CHECK(std::abs(interval.low - number(each, "low")) < 0.03 * error);
    CHECK(std::abs(interval.high - number(each, "high")) < 0.03 * error);
  }
}

TEST_CASE("bootstrap: two numbers by all of their resamples") {
  // Means 0, 1/2, 1 with probabilities 1/4, 1/2, 1/4; symmetric, so that z0 ≈ 0 and a = 0 and the
  // ends are the percentiles 0.025 and 0.975: 0 and 1.
  const Interval interval = bootstrap_interval(std::vector<double>{0, 1}, 0.95, 9999, Random(3));
  CHECK(interval.low == 0);
  CHECK(interval.high == 1);
  const Interval half = bootstrap_interval(std::vector<double>{0, 1}, 0.3, 9999, Random(3));
  CHECK(half.low == 0.5);
  CHECK(half.high == 0.5);
}

TEST_CASE("bootstrap: the same stream gives the same interval, and shifts go through") {
  const std::vector<double> x{0.25, 0.5, 0.75, 2, 1};
  std::vector<double> shifted;
  for (double value : x) shifted.push_back(value + 8);
  const Interval a = bootstrap_interval(x, 0.9, 999, Random(1, "a"));
  const Interval again = bootstrap_interval(x, 0.9, 999, Random(1, "a"));
  CHECK(a.low == again.low);
  CHECK(a.high == again.high);
  const Interval b = bootstrap_interval(shifted, 0.9, 999, Random(1, "a"));
  CHECK(b.low == Approx(a.low + 8));
  CHECK(b.high == Approx(a.high + 8));
}

TEST_CASE("bootstrap where there is nothing to resample, or BCa is undefined") {
  CHECK(std::isnan(bootstrap_interval({}, 0.95, 99, Random(1)).low));
  CHECK(std::isnan(bootstrap_interval(std::vector<double>{1}, 0.95, 99, Random(1)).high));
  const Interval same = bootstrap_interval(std::vector<double>{0.1, 0.1, 0.1}, 0.95, 99, Random(1));
  CHECK(same.low == 0.1);
  CHECK(same.high == 0.1);
  // Of a single resample all or nothing lies below the mean, or it ties.
  bool undefined = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Interval one = bootstrap_interval(std::vector<double>{0, 1, 5}, 0.95, 1, Random(seed));
    undefined = undefined || !one.bias_corrected;
    CHECK(one.low == one.high);
  }
  CHECK(undefined);
}

/// θ by their definition: all pairs of each draw.
Beliefs plain(const std::vector<double>& differences, double rope, std::int64_t draws,
              Random random) {
  std::vector<double> x{0};
  x.insert(x.end(), differences.begin(), differences.end());
  Beliefs beliefs;
  for (std::int64_t draw = 0; draw < draws; ++draw) {
    std::vector<double> w;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double z = i == 0 ? random.normal() : 0;
      w.push_back(i == 0 ? z * z / 2 : -std::log1p(-random.uniform()));
    }
    double a = 0, b = 0, e = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
      for (std::size_t j = 0; j < x.size(); ++j)
        (x[i] + x[j] > 2 * rope ? a : x[i] + x[j] < -2 * rope ? b : e) += w[i] * w[j];
    (a > e && a > b ? beliefs.a_better
     : b > e        ? beliefs.b_better
                    : beliefs.equivalent) += 1 / static_cast<double>(draws);
  }
  return beliefs;
}

TEST_CASE("Bayesian signed-rank test: its definition, draw by draw") {
  const std::vector<std::vector<double>> cases{
      {0.03, -0.01, 0.02, 0.005, 0.04, -0.002}, {0.02, 0.02, -0.02, -0.02}, {0, 0, 0}, {-0.5}};
  for (const auto& x : cases)
    for (double rope : {0.0, 0.01, 0.02}) {
      const BayesianSignedRank test(static_cast<std::int64_t>(x.size()), 2000, Random(4));
      const Beliefs fast = test(x, rope), slow = plain(x, rope, 2000, Random(4));
      // Rounding may turn a draw in which two are nearly equal.
      CHECK(std::abs(fast.a_better - slow.a_better) < 0.002);
      CHECK(std::abs(fast.b_better - slow.b_better) < 0.002);
      CHECK(std::abs(fast.equivalent - slow.equivalent) < 0.002);
    }
}

TEST_CASE("Bayesian signed-rank test: one difference, in closed form") {  // seeded, stochastic
  // The prior's weight w is Beta(0.5, 1), so that P(w ≤ u) = √u.
  const BayesianSignedRank test(1, 100'000, Random(7));
  const double error = 4 * 0.5 / std::sqrt(100'000.0);
  // x > 2·rope: θ_e = w² and θ_a = 1 − w², which is the greater for w² < 1/2.
  const Beliefs far = test(std::vector<double>{0.05}, 0.01);
  CHECK(std::abs(far.a_better - std::pow(0.5, 0.25)) < error);
  CHECK(far.b_better == 0);
  // rope < x ≤ 2·rope: θ_a = (1 − w)², greater than the rest for 1 − w > √(1/2).
  const Beliefs near = test(std::vector<double>{-0.015}, 0.01);
  CHECK(std::abs(near.b_better - std::sqrt(1 - std::sqrt(0.5))) < error);
  CHECK(near.a_better == 0);
  CHECK(near.b_better + near.equivalent == Approx(1));
  CHECK(test(std::vector<double>{0.01}, 0.01).equivalent == 1);
}

TEST_CASE("Bayesian signed-rank test: turned round, the beliefs change places") {
  const std::vector<double> x{0.03, -0.01, 0.02, 0.005}, turned{-0.03, 0.01, -0.02, -0.005};
  const BayesianSignedRank test(4, 5000, Random(2));
  CHECK(test(x, 0.01).a_better == Approx(test(turned, 0.01).b_better).epsilon(1e-3));
}

TEST_CASE("Cohen's d") {
  // mean 2, deviation √((1 + 0 + 1)/2) = 1
  CHECK(cohens_d(std::vector<double>{1, 2, 3}) == Approx(2));
  CHECK(cohens_d(std::vector<double>{0, 0}) == 0);
  CHECK(std::isnan(cohens_d(std::vector<double>{0.1, 0.1, 0.1})));
  CHECK(std::isnan(cohens_d(std::vector<double>{1})));
  CHECK(std::isnan(cohens_d(std::vector<double>{0.1, 0.1 + 1e-16, 0.3 - 0.2}, 1e-12)));
}

TEST_CASE("Cliff's delta and A12: SciPy's Mann-Whitney U, and rounding ties") {
  for (const Value& each : scipy("dominances")) {
    const auto a = numbers(each.at("a")), b = numbers(each.at("b"));
    CHECK(vargha_delaney_a12(a, b) == Approx(number(each, "a12")));
    CHECK(cliffs_delta(a, b) == Approx(2 * number(each, "a12") - 1));
    CHECK(cliffs_delta(b, a) == Approx(-cliffs_delta(a, b)));
  }
  const std::vector<double> low{1, 2}, high{3, 4}, sum{0.1 + 0.2}, plain_sum{0.3};
  CHECK(cliffs_delta(high, low) == 1);
  CHECK(vargha_delaney_a12(low, high) == 0);
  CHECK(cliffs_delta(sum, plain_sum, 1e-12) == 0);
  CHECK(std::isnan(cliffs_delta({}, low)));
}

TEST_CASE("moments") {
  CHECK(mean_of(std::vector<double>{1, 2, 6}) == 3);
  CHECK(deviation_of(std::vector<double>{1, 2, 6}) == Approx(std::sqrt((4.0 + 1 + 9) / 2)));
  CHECK(deviation_of(std::vector<double>{0.1, 0.1, 0.1}) == 0);
  CHECK(std::isnan(deviation_of(std::vector<double>{1})));
  CHECK(std::isnan(mean_of({})));
}

}  // namespace
