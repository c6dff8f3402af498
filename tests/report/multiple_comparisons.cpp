// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <metriclab/plugin/error.hpp>
#include <metriclab/report/multiple_comparisons.hpp>
#include <metriclab/report/rank_tests.hpp>
#include <set>

namespace {

using namespace metriclab;
using doctest::Approx;

/// Every set of pairs that is closed: if a is like b and b like c, then a is like c. By trying all
/// subsets.
std::vector<std::vector<std::size_t>> exhaustive_sets(std::size_t k) {
  const auto pairs = pairs_of(k);
  std::vector<std::vector<std::size_t>> sets;
  for (std::size_t mask = 1; mask < std::size_t{1} << pairs.size(); ++mask) {
    const auto like = [&](std::size_t a, std::size_t b) {
      const auto place =
          std::find(pairs.begin(), pairs.end(), std::pair(std::min(a, b), std::max(a, b))) -
          pairs.begin();
      return (mask >> place & 1) != 0;
    };
    bool closed = true;
    for (std::size_t a = 0; a < k; ++a)
      for (std::size_t b = 0; b < k; ++b)
        for (std::size_t c = 0; c < k; ++c)
          if (a != b && b != c && a != c && like(a, b) && like(b, c) && !like(a, c)) closed = false;
    if (!closed) continue;
    auto& set = sets.emplace_back();
    for (std::size_t i = 0; i < pairs.size(); ++i)
      if (mask >> i & 1) set.push_back(i);
  }
  return sets;
}

std::vector<double> plain_bergmann_hommel(const std::vector<double>& p, std::size_t k) {
  std::vector<double> adjusted(p.size(), 0.0);
  for (const auto& set : exhaustive_sets(k)) {
    double least = 1;
    for (std::size_t i : set) least = std::min(least, p[i]);
    for (std::size_t i : set)
      adjusted[i] = std::max(adjusted[i], std::min(1.0, static_cast<double>(set.size()) * least));
  }
  return adjusted;
}

TEST_CASE("Holm by hand, in the order of the p-values") {
  const std::vector<double> p{0.03, 0.01, 0.5, 0.016};
  const auto adjusted = holm(p);
  CHECK(adjusted[1] == Approx(4 * 0.01));
  CHECK(adjusted[3] == Approx(3 * 0.016));
  CHECK(adjusted[0] == Approx(2 * 0.03));
  CHECK(adjusted[2] == 0.5);
  // 3·0.011 is below the first one's 4·0.01.
  const std::vector<double> close{0.01, 0.011, 0.9};
  CHECK(holm(close)[1] == Approx(3 * 0.01));
  CHECK(holm(std::vector<double>{}).empty());
  CHECK(holm(std::vector<double>{0.7, 0.8})[0] == 1);
}

TEST_CASE("numbers of exhaustive sets") {
  // Partitions into parts, the one of single methods left out: Bell numbers less one.
  CHECK(exhaustive_sets(3).size() == 5 - 1);
  CHECK(exhaustive_sets(4).size() == 15 - 1);
  CHECK(exhaustive_sets(5).size() == 52 - 1);
}

TEST_CASE("García and Herrera's example: five classifiers on 30 data sets") {
  // JMLR 2008, table 3: mean ranks of C4.5, 1-NN, naive Bayes, kernel, CN2.
  const std::vector<double> ranks{2.100, 3.250, 2.200, 4.333, 3.117};
  std::vector<double> p;
  for (const auto& [a, b] : pairs_of(5)) p.push_back(rank_difference_p(ranks[a] - ranks[b], 5, 30));
  std::vector<double> sorted = p;
  std::sort(sorted.begin(), sorted.end());
  // Section 2: S(5) = {0, 1, 2, 3, 4, 6, 10}, so that t is 10, 6, 6, 6, 6, 4, 4, 3, 2, 1.
  const std::vector<double> t{10, 6, 6, 6, 6, 4, 4, 3, 2, 1};
  std::vector<double> expected;
  for (std::size_t i = 0; i < t.size(); ++i)
    expected.push_back(
        std::min(1.0, std::max(t[i] * sorted[i], expected.empty() ? 0 : expected.back())));
  auto adjusted = shaffer(p, 5);
  std::sort(adjusted.begin(), adjusted.end());
  for (std::size_t i = 0; i < t.size(); ++i) CHECK(adjusted[i] == Approx(expected[i]));

  const auto bergmann = bergmann_hommel(p, 5), plain = plain_bergmann_hommel(p, 5);
  for (std::size_t i = 0; i < p.size(); ++i) CHECK(bergmann[i] == Approx(plain[i]));
  // At 0.05 Holm rejects five of the ten hypotheses, Shaffer six, Bergmann and Hommel eight.
  const auto rejected = [](const std::vector<double>& values) {
    return std::count_if(values.begin(), values.end(), [](double x) { return x <= 0.05; });
  };
  CHECK(rejected(holm(p)) == 5);
  CHECK(rejected(shaffer(p, 5)) == 6);
  CHECK(rejected(bergmann) == 8);
}

TEST_CASE("each is what its definition says, and rejects what the one before it does") {
  CHECK(rc::check("adjusted p-values", [] {
    const auto k = *rc::gen::inRange<std::size_t>(2, 6);
    // Powers of ten make products that cross.
    std::vector<double> p;
    for (std::size_t i = 0; i < k * (k - 1) / 2; ++i)
      p.push_back(*rc::gen::inRange(1, 1000) / 1000.0 * *rc::gen::element(1.0, 0.1, 0.01));
    const auto bergmann = bergmann_hommel(p, k), plain = plain_bergmann_hommel(p, k);
    const auto of_shaffer = shaffer(p, k), of_holm = holm(p);
    for (std::size_t i = 0; i < p.size(); ++i) {
      RC_ASSERT(std::abs(bergmann[i] - plain[i]) < 1e-15);
      RC_ASSERT(p[i] <= bergmann[i] + 1e-15);
      RC_ASSERT(bergmann[i] <= of_shaffer[i] + 1e-15);
      RC_ASSERT(of_shaffer[i] <= of_holm[i] + 1e-15);
      RC_ASSERT(of_holm[i] <= 1);
      for (std::size_t j = 0; j < p.size(); ++j)
        if (p[i] < p[j]) RC_ASSERT(of_holm[i] <= of_holm[j] && of_shaffer[i] <= of_shaffer[j]);
    }
  }));
}

TEST_CASE("three methods: where one pair differs, one of the others does too") {
  const std::vector<double> p{0.001, 0.03, 0.04};
  CHECK(shaffer(p, 3)[0] == Approx(3 * 0.001));
  CHECK(shaffer(p, 3)[1] == Approx(1 * 0.03));  // at most one of the two can be true
  CHECK(shaffer(p, 3)[2] == Approx(1 * 0.04));
  CHECK(holm(p)[1] == Approx(2 * 0.03));
  CHECK(bergmann_hommel(p, 3)[1] == Approx(0.03));
}

TEST_CASE("names of corrections") {
  CHECK(correction_from_string("holm") == Correction::holm);
  CHECK(title_of(Correction::bergmann_hommel) == "Bergmann-Hommel");
  CHECK_THROWS_WITH_AS(correction_from_string("hulm"),
                       "there is no correction \"hulm\"; did you mean \"holm\"?", Error);
}

}  // namespace
