// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "evaluate.hpp"
#include "parts.hpp"

namespace {

using namespace metriclab;

LabelColumn kinds(std::vector<std::int32_t> values) {
  return {.name = "kind", .values = std::move(values), .classes = {"user", "item"}};
}

/// The first `users` are users, the others items; pairs are of examples.
Embedded market(MatrixF embeddings, std::int64_t users, std::vector<LabelledPair> pairs) {
  const auto n = static_cast<std::size_t>(embeddings.rows());
  std::vector<std::int32_t> kind(n, 1), identity;
  std::fill_n(kind.begin(), users, 0);
  for (std::size_t i = 0; i < n; ++i) identity.push_back(static_cast<std::int32_t>(i));
  Embedded part = with_pairs(std::move(embeddings), std::move(pairs));
  part.columns = {{.name = "class", .values = std::vector<std::int32_t>(n), .classes = {}},
                  kinds(std::move(kind)),
                  {.name = "identity", .values = std::move(identity), .classes = {}}};
  return part;
}

const std::string kAt = R"({"at": [1, 2]})";

TEST_CASE("recommendation by hand") {
  // Users at 0 and 10; items 2 … 5 at 1, 2, 4, 9.
  const MatrixF points{{0}, {10}, {1}, {2}, {4}, {9}};
  // User 0 took to the items at 2 and 9 (ranks 2 and 4), user 1 to the one at 2 (rank 3).
  const Embedded test = market(points, 2, {{0, 3}, {5, 0}, {3, 1}, {0, 4, false}, {0, 1}, {2, 3}});
  const auto found = evaluate("recommendation", test, {}, kAt);
  CHECK(found.at("recall_at_1").value == 0);
  CHECK(found.at("recall_at_2").value == doctest::Approx((0.5 + 0) / 2));
  CHECK(found.at("precision_at_2").value == doctest::Approx((0.5 + 0) / 2));
  CHECK(found.at("hit_rate_at_2").value == doctest::Approx(0.5));
  CHECK(found.at("ndcg_at_2").value ==
        doctest::Approx(1 / std::log2(3.0) / (1 + 1 / std::log2(3.0)) / 2));
  CHECK(found.at("map_at_2").value == doctest::Approx(0.5 / 2 / 2));
  CHECK(found.at("mrr").value == doctest::Approx((1.0 / 2 + 1.0 / 3) / 2));
  // First ones: the items at 1 and 9; first two: 1, 2 and 9, 4.
  CHECK(found.at("coverage_at_1").value == doctest::Approx(2.0 / 4));
  CHECK(found.at("coverage_at_2").value == 1);
  CHECK(found.at("users_left_out").value == 0);
  CHECK(found.at("popularity_at_1").reason ==
        "the training part has no items that could be recognised");
  for (const char* name : {"coverage_at_1", "popularity_at_1", "users_left_out"})
    CHECK(found.at(name).better == Better::neither);
  CHECK(found.at("mrr").better == Better::higher);
}

TEST_CASE("recommendation: what a user took to in training is not in its ranking") {
  const MatrixF points{{0}, {10}, {1}, {2}, {4}, {9}};
  const Embedded test = market(points, 2, {{0, 3}, {0, 2}, {1, 5}});
  // In training the order is another: rows stand for the identities 3, 2, 1, 0, 5.
  Embedded train = market(MatrixF::Zero(5, 1), 2, {{3, 1}, {0, 3}, {2, 1}, {2, 1}, {4, 2, false}});
  train.columns[2].values = {3, 2, 1, 0, 5};
  // Known: user 0 the items 2 and 3, at 1 and 2; user 1 item 2. User 0 has nothing relevant left.
  auto found = evaluate("recommendation", test, train, kAt);
  CHECK(found.at("users_left_out").value == 1);
  CHECK(found.at("recall_at_1").value == 1);
  // Of user 1, whose first is item 5, which nobody took to, and second item 4.
  CHECK(found.at("popularity_at_2").value == 0);
  CHECK(found.at("coverage_at_2").value == doctest::Approx(2.0 / 4));
  // Item 2 is that of two users, item 3 that of one; user 1 has them at last.
  found = evaluate("recommendation", test, train, R"({"at": [4]})");
  CHECK(found.at("popularity_at_4").value == doctest::Approx((0 + 0 + 1) / 3.0));
  CHECK(found.at("precision_at_4").value == doctest::Approx(1.0 / 4));
  // Where nothing is recognised nothing is left out.
  train.columns.pop_back();
  found = evaluate("recommendation", test, train, kAt);
  CHECK(found.at("users_left_out").value == 0);
  CHECK(found.at("popularity_at_1").reason ==
        "the training part has no items that could be recognised");
  CHECK_THROWS_WITH_AS(evaluate("recommendation", test, train, R"({"identity": "number"})"),
                       "there is no label column \"number\", which would tell the users and items "
                       "of the training part; there is \"class\", \"kind\" and \"identity\"",
                       Error);
}

/// Each metric at K = 3 and mrr, by sorting all items of every user.
std::map<std::string, double> plain(const Embedded& test, std::int64_t users,
                                    const std::set<std::pair<std::int64_t, std::int64_t>>& known) {
  const std::size_t k = 3;
  std::map<std::string, double> sums;
  std::set<std::int64_t> covered;
  double n = 0;
  for (std::int64_t u = 0; u < users; ++u) {
    std::set<std::int64_t> relevant;
    for (const LabelledPair& pair : test.constraints.pairs)
      if (pair.similar && pair.first == u && !known.contains({u, pair.second}))
        relevant.insert(pair.second);
    if (relevant.empty()) continue;
    ++n;
    std::vector<std::pair<double, std::int64_t>> ranked;
    for (std::int64_t i = users; i < test.embeddings.rows(); ++i)
      if (!known.contains({u, i}))
        ranked.emplace_back(
            (test.embeddings.row(u) - test.embeddings.row(i)).cast<double>().squaredNorm(), i);
    std::sort(ranked.begin(), ranked.end());
    double hits = 0, gain = 0, ideal = 0, precisions = 0, first = 0;
    for (std::size_t place = 0; place < ranked.size(); ++place) {
      if (place < k) covered.insert(ranked[place].second);
      if (place < std::min(k, relevant.size())) ideal += std::log(2.0) / std::log(place + 2.0);
      if (!relevant.contains(ranked[place].second)) continue;
      if (first == 0) first = 1 / (place + 1.0);
      if (place >= k) continue;
      ++hits;
      gain += std::log(2.0) / std::log(place + 2.0);
      precisions += hits / (place + 1.0);
    }
    sums["recall_at_3"] += hits / static_cast<double>(relevant.size());
    sums["precision_at_3"] += hits / 3;
    sums["hit_rate_at_3"] += hits > 0 ? 1 : 0;
    sums["ndcg_at_3"] += gain / ideal;
    sums["map_at_3"] += precisions / static_cast<double>(std::min(k, relevant.size()));
    sums["mrr"] += first;
  }
  for (auto& [name, sum] : sums) sum /= n;
  if (n > 0) {
    sums["coverage_at_3"] =
        static_cast<double>(covered.size()) / static_cast<double>(test.embeddings.rows() - users);
    sums["users_left_out"] = static_cast<double>(users) - n;
  }
  return sums;
}

TEST_CASE("recommendation is what sorting all items gives, ties by index") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const auto users = *rc::gen::inRange<std::int64_t>(1, 12),
               items = *rc::gen::inRange<std::int64_t>(1, 25);
    const MatrixF points = *rc::gen::arbitrary<bool>() ? tied_points(users + items, 2, random)
                                                       : random_points(users + items, 2, random);
    std::vector<LabelledPair> took, known;
    std::set<std::pair<std::int64_t, std::int64_t>> known_pairs;
    for (std::int64_t u = 0; u < users; ++u)
      for (std::int64_t i = users; i < users + items; ++i) {
        if (random.below(6) == 0) took.push_back({u, i, random.below(8) > 0});
        if (random.below(4) > 0) continue;
        known.push_back({u, i});
        known_pairs.insert({u, i});
      }
    const Embedded test = market(points, users, took), train = market(points, users, known);
    const auto due = plain(test, users, known_pairs);
    const auto found = evaluate("recommendation", test, train, R"({"at": [3]})");
    for (const auto& [name, value] : due) RC_ASSERT(std::abs(found.at(name).value - value) < 1e-12);
    if (due.empty())
      RC_ASSERT(found.at("mrr").reason == "no user has an item that is relevant and ranked");
  }));
}

TEST_CASE("recommendation: many users, some with much that is known") {
  Random random(2);
  const std::int64_t users = 700, items = 60;
  const MatrixF points = random_points(users + items, 3, random);
  std::vector<LabelledPair> took, known;
  std::set<std::pair<std::int64_t, std::int64_t>> known_pairs;
  for (std::int64_t u = 0; u < users; ++u)
    for (std::int64_t i = users; i < users + items; ++i) {
      if (random.below(20) == 0) took.push_back({u, i});
      if (random.below(users) > u) continue;
      known.push_back({u, i});
      known_pairs.insert({u, i});
    }
  const Embedded test = market(points, users, took), train = market(points, users, known);
  const auto found = evaluate("recommendation", test, train, R"({"at": [3]})");
  for (const auto& [name, value] : plain(test, users, known_pairs)) {
    CAPTURE(name);
    CHECK(found.at(name).value == doctest::Approx(value).epsilon(1e-12));
  }
}

TEST_CASE("recommendation: who is a user and who an item") {
  const MatrixF points{{0}, {1}, {2}, {3}};
  Embedded test = market(points, 1, {{0, 1}, {0, 3}});
  test.columns.push_back(
      {.name = "shelf", .values = {0, 1, 1, 2}, .classes = {"none", "films", "songs"}});
  // All others are items, or those of one shelf: then the one at 1 is alone relevant.
  CHECK(evaluate("recommendation", test, {}, R"({"at": [1]})").at("recall_at_1").value == 0.5);
  CHECK(evaluate("recommendation", test, {}, R"({"at": [1], "items": "shelf=films"})")
            .at("recall_at_1")
            .value == 1);
  CHECK(evaluate("recommendation", test, {}, R"({"users": "shelf=songs"})").at("mrr").value ==
        1.0 / 3);
  CHECK_THROWS_WITH_AS(evaluate("recommendation", test, {}, R"({"items": "kind=user"})"),
                       "test example 0 is both a user (\"kind=user\") and an item (\"kind=user\"); "
                       "an example is one of them",
                       Error);
  CHECK_THROWS_AS(evaluate("recommendation", test, {}, R"({"users": "sort=user"})"), Error);
  // No users, no items, no test part.
  for (const char* parameters : {R"({"users": "shelf=none", "items": "shelf=songs"})", R"({})"}) {
    test.constraints.pairs.clear();
    for (const auto& [name, metric] : evaluate("recommendation", test, {}, parameters))
      CHECK(metric.reason == "no user has an item that is relevant and ranked");
  }
  for (const auto& [name, metric] : evaluate("recommendation", market(MatrixF(0, 1), 0, {})))
    CHECK(metric.reason == "the test part is empty");
}

}  // namespace
