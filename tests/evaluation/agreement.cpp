// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>
#include <metriclab/evaluation/agreement.hpp>
#include <metriclab/plugin/random.hpp>
#include <vector>

namespace {

using namespace metriclab;
using Labels = std::vector<std::int32_t>;

TEST_CASE("a case by hand: {0, 1} {2, 3} against {0, 1, 2} {3}") {
  const Labels a = {0, 0, 1, 1}, b = {0, 0, 0, 1};
  // Intersections 2, 1, 1 of 4.
  const double mi = 0.5 * std::log(4.0 * 2 / (2 * 3)) + 0.25 * std::log(4.0 * 1 / (2 * 3)) +
                    0.25 * std::log(4.0 / 2);
  const double h_a = std::log(2.0), h_b = -0.75 * std::log(0.75) - 0.25 * std::log(0.25);
  CHECK(normalized_mutual_information(a, b) ==
        doctest::Approx(mi / ((h_a + h_b) / 2)).epsilon(1e-12));
  // Whichever example stands alone in b, the table is the same, so every value is its own
  // expectation.
  CHECK(adjusted_mutual_information(a, b) == doctest::Approx(0).epsilon(1e-12));
  // Pairs together in both: 1; in a: 2; in b: 3; of 6, so 1 is expected.
  CHECK(adjusted_rand_index(a, b) == doctest::Approx(0).epsilon(1e-12));
}

TEST_CASE("a case by hand: all of the expectation") {
  // {0, 1} {2, 3} against itself. Of the 3 partitions into two pairs one is equal (MI = log 2), two
  // cross (MI = 0).
  const Labels a = {0, 0, 1, 1}, crossed = {0, 1, 0, 1};
  const double expected = std::log(2.0) / 3;
  CHECK(adjusted_mutual_information(a, a) == doctest::Approx(1).epsilon(1e-12));
  CHECK(adjusted_mutual_information(a, crossed) ==
        doctest::Approx(-expected / (std::log(2.0) - expected)).epsilon(1e-12));
  // 0 pairs in both, 2 in each, of 6: (0 − 2/3) / (2 − 2/3).
  CHECK(adjusted_rand_index(a, crossed) == doctest::Approx(-0.5).epsilon(1e-12));
  CHECK(normalized_mutual_information(a, crossed) == doctest::Approx(0).epsilon(1e-12));
}

TEST_CASE("where a measure is 0/0 it is NaN") {
  const Labels one = {3, 3, 3}, each = {1, 2, 3}, none;
  for (auto measure :
       {normalized_mutual_information, adjusted_mutual_information, adjusted_rand_index}) {
    CHECK(std::isnan(measure(one, one)));
    CHECK(std::isnan(measure(none, none)));
    CHECK(measure(one, each) == doctest::Approx(0));
  }
  CHECK(normalized_mutual_information(each, each) == doctest::Approx(1));
  CHECK(std::isnan(adjusted_mutual_information(each, each)));
  CHECK(std::isnan(adjusted_rand_index(each, each)));
}

TEST_CASE("agreement is symmetric, blind to names and order, and 1 for equals") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<std::int64_t>(3, 60);
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    Labels a, b, renamed, a_again, b_again;
    for (std::int64_t i = 0; i < n; ++i) {
      a.push_back(static_cast<std::int32_t>(i < 3 ? i % 2 : random.below(4)));
      b.push_back(static_cast<std::int32_t>(random.below(5)));
      renamed.push_back(100 - 7 * a.back());
    }
    for (std::int64_t i : random.permutation(n)) {
      a_again.push_back(a[static_cast<std::size_t>(i)]);
      b_again.push_back(b[static_cast<std::size_t>(i)]);
    }
    for (auto measure :
         {normalized_mutual_information, adjusted_mutual_information, adjusted_rand_index}) {
      const double value = measure(a, b);
      RC_ASSERT(value <= 1 + 1e-9);
      RC_ASSERT(std::abs(measure(b, a) - value) < 1e-9);
      RC_ASSERT(std::abs(measure(renamed, b) - value) < 1e-9);
      RC_ASSERT(std::abs(measure(a_again, b_again) - value) < 1e-9);
      RC_ASSERT(std::abs(measure(a, renamed) - 1) < 1e-9);
    }
  }));
}

}  // namespace
