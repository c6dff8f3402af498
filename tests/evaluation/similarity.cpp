// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/evaluation/correlation.hpp>

#include "evaluate.hpp"
#include "parts.hpp"

namespace {

using namespace metriclab;
using Numbers = std::vector<double>;

Embedded with_ratings(MatrixF embeddings, std::vector<RatedPair> ratings) {
  Embedded part{.embeddings = std::move(embeddings), .columns = {}};
  part.constraints.ratings = std::move(ratings);
  return part;
}

std::pair<Numbers, Numbers> drawn(Random& random) {
  const auto n = *rc::gen::inRange<std::size_t>(2, 60);
  const double steps = *rc::gen::element(1.0, 4.0, 1e6);
  std::pair<Numbers, Numbers> lists;
  for (std::size_t i = 0; i < n; ++i) {
    const double x = random.normal();
    lists.first.push_back(std::round(x * steps) / steps);
    lists.second.push_back(std::round((x + random.normal()) * steps) / steps);
  }
  return lists;
}

bool all_equal(const Numbers& values) {
  return std::all_of(values.begin(), values.end(), [&](double v) { return v == values.front(); });
}

int sign(double x) { return (x > 0) - (x < 0); }

TEST_CASE("correlations are what their definitions give, pair by pair") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const auto [x, y] = drawn(random);
    const std::size_t n = x.size();
    if (all_equal(x) || all_equal(y)) {
      for (double value : {pearson(x, y), spearman(x, y), kendall_tau_b(x, y)})
        RC_ASSERT(std::isnan(value));
      return;
    }
    double agree = 0, untied_x = 0, untied_y = 0;
    Numbers rank_x, rank_y;
    for (std::size_t i = 0; i < n; ++i) {
      double below_x = 0, below_y = 0;
      for (std::size_t j = 0; j < n; ++j) {
        below_x += x[j] < x[i] ? 1 : x[j] == x[i] ? 0.5 : 0;
        below_y += y[j] < y[i] ? 1 : y[j] == y[i] ? 0.5 : 0;
        agree += sign(x[i] - x[j]) * sign(y[i] - y[j]);
        untied_x += x[i] != x[j] ? 1 : 0;
        untied_y += y[i] != y[j] ? 1 : 0;
      }
      rank_x.push_back(below_x + 0.5);
      rank_y.push_back(below_y + 0.5);
    }
    RC_ASSERT(std::abs(kendall_tau_b(x, y) - agree / std::sqrt(untied_x * untied_y)) < 1e-12);
    RC_ASSERT(average_ranks(x) == rank_x);
    const auto moments = [n](const Numbers& a, const Numbers& b) {
      double mean_a = 0, mean_b = 0, sum = 0;
      for (std::size_t i = 0; i < n; ++i) {
        mean_a += a[i] / static_cast<double>(n);
        mean_b += b[i] / static_cast<double>(n);
      }
      for (std::size_t i = 0; i < n; ++i) sum += (a[i] - mean_a) * (b[i] - mean_b);
      return sum;
    };
    const auto r = [&](const Numbers& a, const Numbers& b) {
      return moments(a, b) / std::sqrt(moments(a, a) * moments(b, b));
    };
    RC_ASSERT(std::abs(pearson(x, y) - r(x, y)) < 1e-9);
    RC_ASSERT(std::abs(spearman(x, y) - r(rank_x, rank_y)) < 1e-9);
  }));
}

TEST_CASE("correlations: laws") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const auto [x, y] = drawn(random);
    if (all_equal(x) || all_equal(y)) return;
    Numbers bent, stretched, turned;
    for (double value : x) {
      bent.push_back(std::atan(value) + value);
      stretched.push_back(8 * value - 3);
      turned.push_back(-value);
    }
    for (auto correlation : {spearman, kendall_tau_b}) {
      RC_ASSERT(correlation(bent, y) == correlation(x, y));
      RC_ASSERT(std::abs(correlation(x, bent) - 1) < 1e-12);
    }
    for (auto correlation : {pearson, spearman, kendall_tau_b}) {
      const double is = correlation(x, y);
      RC_ASSERT(std::abs(is) <= 1 + 1e-12);
      RC_ASSERT(std::abs(correlation(y, x) - is) < 1e-12);
      RC_ASSERT(std::abs(correlation(stretched, y) - is) < 1e-12);
      RC_ASSERT(std::abs(correlation(turned, y) + is) < 1e-12);
      const Indices order = random.permutation(static_cast<std::int64_t>(x.size()));
      Numbers other_x, other_y;
      for (std::int64_t i : order) {
        other_x.push_back(x[static_cast<std::size_t>(i)]);
        other_y.push_back(y[static_cast<std::size_t>(i)]);
      }
      RC_ASSERT(std::abs(correlation(other_x, other_y) - is) < 1e-12);
    }
  }));
  // Numbers whose squares and differences leave the range of double.
  const Numbers far = {-1.5e308, 0, 1.5e308}, small = {1e-300, 2e-300, 3e-300};
  CHECK(pearson(far, small) == doctest::Approx(1));
}

TEST_CASE("least_squares_line") {
  const Line line = least_squares_line(Numbers{0, 1, 2}, Numbers{1, 3, 2});
  CHECK(line.slope == doctest::Approx(0.5));
  CHECK(line.intercept == doctest::Approx(1.5));
  CHECK(least_squares_line(Numbers{4, 4}, Numbers{1, 2})(100) == doctest::Approx(1.5));
}

TEST_CASE("similarity by hand") {
  // Distances 1, 3, 2; similarities −1, −3, −2, and ratings that fall with −d but for one.
  const MatrixF points{{0}, {1}, {3}};
  const Embedded test = with_ratings(points, {{0, 1, 5}, {0, 2, 1}, {2, 1, 0}});
  const Embedded train = with_ratings(points, {{0, 1, 4}, {2, 0, 2}});
  const auto found = evaluate("similarity", test, train);
  // Ranks 3, 1, 2 and 3, 2, 1: 1 − 6 · 2 / (3 · 8).
  CHECK(found.at("spearman").value == doctest::Approx(0.5));
  CHECK(found.at("kendall").value == doctest::Approx(1.0 / 3));
  // Around −2 and 2: (1, −1, 0) and (3, −1, −2): 4 / √(2 · 14).
  CHECK(found.at("pearson").value == doctest::Approx(4 / std::sqrt(28.0)));
  // The line through (−1, 4) and (−3, 2) is 5 + s: 4, 2, 3 for 5, 1, 0.
  CHECK(found.at("mse").value == doctest::Approx((1 + 1 + 9) / 3.0));
  CHECK(found.at("mse").better == Better::lower);
  // −d², a bent scale: the same ranks, another r.
  const auto squared = evaluate("similarity", test, train, "{}", Distance::squared_euclidean);
  CHECK(squared.at("spearman").value == found.at("spearman").value);
  CHECK(squared.at("kendall").value == found.at("kendall").value);
  // −1, −9, −4 around −14/3: 11/3, −13/3, 2/3.
  CHECK(squared.at("pearson").value ==
        doctest::Approx((11.0 + 13 / 3.0 - 4 / 3.0) / std::sqrt((121 + 169 + 4) / 9.0 * 14)));
}

TEST_CASE("similarity: cosines and products are similarities themselves") {
  const MatrixF points{{1, 0}, {1, 1}, {0, 2}};
  const Embedded train = with_ratings(points, {{0, 0, 1}, {0, 2, 0}});
  // The line is s itself: cos 0 and 1 are rated 0 and 1.
  const Embedded test = with_ratings(points, {{0, 1, 0.25}, {1, 1, 1}});
  CHECK(evaluate("similarity", test, train, "{}", Distance::cosine).at("mse").value ==
        doctest::Approx(std::pow(std::sqrt(0.5) - 0.25, 2) / 2));
  // Products 1 and 2, and the line through (1, 1) and (0, 0).
  CHECK(evaluate("similarity", test, train, "{}", Distance::dot).at("mse").value ==
        doctest::Approx((0.75 * 0.75 + 1) / 2));
}

TEST_CASE("similarity: odd ratings") {
  const MatrixF points{{0}, {1}, {3}};
  const auto reason = [&](std::vector<RatedPair> test, const std::string& name = "spearman",
                          std::vector<RatedPair> train = {}) {
    return evaluate("similarity", with_ratings(points, std::move(test)),
                    with_ratings(points, std::move(train)))
        .at(name)
        .reason;
  };
  for (const char* name : {"spearman", "pearson", "kendall", "mse"})
    CHECK(reason({}, name) == "the test part has no rated pairs");
  CHECK(reason({{0, 1, 2}}) == "there is one rated pair only");
  CHECK(reason({{0, 1, 2}, {0, 2, 2}}) == "all pairs are rated alike");
  CHECK(reason({{0, 1, 2}, {1, 0, 3}}) == "the distances of all rated pairs are equal");
  CHECK(reason({{0, 1, 2}, {0, 2, 3}}, "mse") ==
        "the training part has no rated pairs, which would bring similarities to the scale of "
        "ratings");
  CHECK(reason({{0, 1, 2}, {0, 2, 1e300}}, "mse", {{0, 1, 1}}) ==
        "ratings are too large to be squared; scale them");
  CHECK(reason({{0, 1, 2}}, "mse", {{0, 1, 1}}).empty());
  CHECK_THROWS_WITH_AS(reason({{0, 1, 2}, {2, 1, std::numeric_limits<double>::infinity()}}),
                       "the similarity of test examples 2 and 1 is inf; finite ones are needed",
                       Error);
}

}  // namespace
