// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <metriclab/report/paired_tests.hpp>
#include <numbers>

#include "reference.hpp"

namespace {

using namespace metriclab;
using namespace report_test;
using doctest::Approx;

/// The same by its definition: ranks by counting, then all 2ⁿ signs of the n non-zero ones.
double enumerated_p(const std::vector<double>& x, Zeros zeros) {
  std::vector<double> ranks;
  double observed = 0, all = 0;
  for (double value : x) {
    if (value == 0) continue;
    double rank = 0.5;
    for (double other : x) {
      if (other == 0 && zeros == Zeros::wilcoxon) continue;
      rank += std::abs(other) < std::abs(value) ? 1 : std::abs(other) == std::abs(value) ? 0.5 : 0;
    }
    ranks.push_back(rank);
    all += rank;
    if (value > 0) observed += rank;
  }
  const std::size_t ways = std::size_t{1} << ranks.size();
  std::size_t as_far = 0;
  for (std::size_t signs = 0; signs < ways; ++signs) {
    double sum = 0;
    for (std::size_t i = 0; i < ranks.size(); ++i)
      if (signs >> i & 1) sum += ranks[i];
    as_far += std::abs(sum - all / 2) >= std::abs(observed - all / 2);
  }
  return static_cast<double>(as_far) / static_cast<double>(ways);
}

TEST_CASE("Wilcoxon: SciPy's values, exact and normal, with either treatment of zeros") {
  for (const Value& each : scipy("wilcoxon")) {
    const auto a = numbers(each.at("a")), b = numbers(each.at("b"));
    const Zeros zeros = each.at("zeros").as_string() == "pratt" ? Zeros::pratt : Zeros::wilcoxon;
    const WilcoxonTest test = wilcoxon_signed_rank(a, b, zeros);
    CHECK(test.exact == (a.size() <= 50));
    CHECK(std::min(test.positive, test.negative) == number(each, "least"));
    CHECK(test.p == Approx(number(each, "p")).epsilon(1e-10));
  }
}

TEST_CASE("Wilcoxon: ties and zeros exactly, against all signs") {
  CHECK(rc::check("p of ties and zeros", [] {
    const auto small = rc::gen::inRange(-4, 5);
    const auto x = *rc::gen::resize(12, rc::gen::container<std::vector<int>>(small));
    const std::vector<double> a(x.begin(), x.end()), b(x.size(), 0.0);
    for (Zeros zeros : {Zeros::pratt, Zeros::wilcoxon})
      RC_ASSERT(std::abs(wilcoxon_signed_rank(a, b, zeros).p - enumerated_p(a, zeros)) < 1e-12);
  }));
}

TEST_CASE("Wilcoxon: the sums of ranks, and zeros by hand") {
  // |x| = 0, 1, 2, 3: with Pratt 1, 2, 3 have the ranks 2, 3, 4; with Wilcoxon 1, 2, 3.
  const std::vector<double> a{0, 1, -2, 3}, b{0, 0, 0, 0};
  const WilcoxonTest pratt = wilcoxon_signed_rank(a, b);
  CHECK(pratt.positive == 2 + 4);
  CHECK(pratt.negative == 3);
  CHECK(pratt.nonzero == 3);
  // Sums at least as far from 4.5: 0, 2, 3, 6, 7, 9 each in one way, of 8 (4 + 0 = 4 and 5 are
  // nearer).
  CHECK(pratt.p == 6.0 / 8);
  const WilcoxonTest wilcoxon = wilcoxon_signed_rank(a, b, Zeros::wilcoxon);
  CHECK(wilcoxon.positive == 1 + 3);
  CHECK(wilcoxon.negative == 2);
}

TEST_CASE("Wilcoxon: what tells nothing has p = 1, and rounding makes no difference") {
  CHECK(wilcoxon_signed_rank({}, {}).p == 1);
  const std::vector<double> same{0.3, 0.5};
  CHECK(wilcoxon_signed_rank(same, same).p == 1);
  CHECK(wilcoxon_signed_rank(same, same).nonzero == 0);
  // 0.3 − 0.1 and 0.4 − 0.2 differ in the last bit, and 0.1 + 0.2 from 0.3.
  const std::vector<double> a{0.3, 0.4, 0.1 + 0.2}, b{0.1, 0.2, 0.3};
  REQUIRE(a[0] - b[0] != a[1] - b[1]);
  REQUIRE(a[2] != b[2]);
  const WilcoxonTest test = wilcoxon_signed_rank(a, b);
  CHECK(test.nonzero == 2);
  CHECK(test.positive == 2.5 + 2.5);
  CHECK(count_wins(a, b).ties == 1);
  CHECK(count_wins(a, b).wins == 2);
}

TEST_CASE("Wilcoxon: the least p") {
  for (std::int64_t n : {1, 2, 5, 6, 10, 50}) {
    std::vector<double> a, b(static_cast<std::size_t>(n), 0.0);
    for (std::int64_t i = 1; i <= n; ++i) a.push_back(static_cast<double>(i));
    CHECK(wilcoxon_signed_rank(a, b).p == smallest_wilcoxon_p(n));
    CHECK(sign_test(count_wins(a, b)) == Approx(smallest_wilcoxon_p(n)).epsilon(1e-12));
  }
  CHECK(smallest_wilcoxon_p(5) == 0.0625);
}

TEST_CASE("the sign test: SciPy's binomial test, ties left out") {
  for (const Value& each : scipy("sign_tests"))
    CHECK(sign_test({each.at("wins").as_integer(), 5, each.at("losses").as_integer()}) ==
          Approx(number(each, "p")).epsilon(1e-12));
  CHECK(sign_test({0, 4, 0}) == 1);
}

std::vector<double> differences_of(const Value& of) {
  auto x = numbers(of.at("a"));
  const auto b = numbers(of.at("b"));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] -= b[i];
  return x;
}

TEST_CASE("the corrected t-test: without common training data it is SciPy's paired one") {
  for (const Value& each : scipy("paired_t")) {
    const CorrectedT test = corrected_resampled_t_test(differences_of(each), 0, 0.9);
    CHECK(test.t == Approx(number(each, "t")).epsilon(1e-10));
    CHECK(test.p == Approx(number(each, "p")).epsilon(1e-9));
    const auto interval = numbers(each.at("interval"));
    CHECK(test.low == Approx(interval[0]).epsilon(1e-9));
    CHECK(test.high == Approx(interval[1]).epsilon(1e-9));
  }
}

TEST_CASE("the corrected t-test: the factor of Nadeau and Bengio, two degrees by formula") {
  const std::vector<double> x{0.01, 0.02, 0.06};
  // mean 0.03, variance (0.02² + 0.01² + 0.03²)/2 = 0.0007; 3 folds: n_test/n_train = 1/2.
  const double t = 0.03 / std::sqrt((1.0 / 3 + 1.0 / 2) * 0.0007);
  const CorrectedT test = corrected_resampled_t_test(x, 0.5, 0.95);
  CHECK(test.difference == Approx(0.03).epsilon(1e-14));
  CHECK(test.degrees == 2);
  CHECK(test.t == Approx(t).epsilon(1e-12));
  // With two degrees of freedom P(|T| > t) = 1 − t/√(2 + t²).
  CHECK(test.p == Approx(1 - t / std::sqrt(2 + t * t)).epsilon(1e-12));
  // The interval touches 0 exactly at the confidence 1 − p.
  CHECK(corrected_resampled_t_test(x, 0.5, 1 - test.p).low == Approx(0).scale(0.03).epsilon(1e-10));
}

TEST_CASE("the corrected t-test where it is undefined") {
  const std::vector<double> constant{0.1, 0.1, 0.1}, zeros{0, 0}, one{0.3};
  const CorrectedT of_constant = corrected_resampled_t_test(constant, 0.5, 0.95);
  CHECK(of_constant.difference == Approx(0.1));
  CHECK(std::isnan(of_constant.p));
  CHECK(std::isnan(of_constant.low));
  CHECK(corrected_resampled_t_test(zeros, 0.5, 0.95).p == 1);
  CHECK(corrected_resampled_t_test(zeros, 0.5, 0.95).high == 0);
  CHECK(std::isnan(corrected_resampled_t_test(one, 0.5, 0.95).p));
  CHECK(std::isnan(corrected_resampled_t_test({}, 0.5, 0.95).p));
  const std::vector<double> rounded{0.1, 0.1 + 1e-16, 0.3 - 0.2};
  CHECK(std::isnan(corrected_resampled_t_test(rounded, 0.5, 0.95, 1e-12).p));
}

}  // namespace
