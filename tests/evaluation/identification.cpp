// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <limits>
#include <set>

#include "../neighbors/naive.hpp"
#include "../neighbors/points.hpp"
#include "evaluate.hpp"

namespace {

using namespace metriclab;

/// Examples of six classes, those of some named "known" by their role.
Embedded drawn(const std::string& kind, std::int64_t n, Random random) {
  LabelColumn classes{.name = "class", .values = {}, .classes = {"a", "b", "c", "d", "e", "f"}},
      roles{.name = "role", .values = {}, .classes = {"known", "probe"}};
  for (std::int64_t i = 0; i < n; ++i) {
    classes.values.push_back(static_cast<std::int32_t>(random.below(6)));
    roles.values.push_back(classes.values.back() < 3 && random.below(3) == 0 ? 0 : 1);
  }
  return {.embeddings = points<MatrixF>(kind, n, 2, random.child("points")),
          .columns = {std::move(classes), std::move(roles)}};
}

/// rank_1 first, then the DIR at each FAR: at every threshold that there is, by counting.
std::vector<double> plain(const Embedded& is, const std::vector<double>& fars) {
  struct Probe {
    bool genuine, right;
    double distance;
  };
  const auto& labels = is.labels();
  std::set<std::int32_t> known;
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (is.columns[1].values[i] == 0) known.insert(labels[i]);
  std::vector<Probe> probes;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (is.columns[1].values[i] == 0) continue;
    const auto row = static_cast<std::int64_t>(i);
    for (std::int64_t j : naive::ranking(is.embeddings, row, is.embeddings, Distance::euclidean)) {
      const auto other = static_cast<std::size_t>(j);
      if (is.columns[1].values[other] != 0) continue;
      probes.push_back(
          {known.contains(labels[i]), labels[i] == labels[other],
           naive::distance(is.embeddings, row, is.embeddings, j, Distance::squared_euclidean)});
      break;
    }
  }
  std::vector<double> result(1 + fars.size());
  std::vector<double> thresholds = {-1};
  for (const Probe& probe : probes) thresholds.push_back(probe.distance);
  for (double threshold : thresholds) {
    double genuine = 0, impostors = 0, identified = 0, alarms = 0;
    for (const Probe& probe : probes) {
      (probe.genuine ? genuine : impostors) += 1;
      if (probe.distance > threshold) continue;
      if (!probe.genuine) ++alarms;
      if (probe.genuine && probe.right) ++identified;
    }
    if (genuine == 0 || impostors == 0) return {};
    result[0] = std::max(result[0], identified / genuine);
    for (std::size_t f = 0; f < fars.size(); ++f)
      if (alarms / impostors <= fars[f])
        result[f + 1] = std::max(result[f + 1], identified / genuine);
  }
  return result;
}

TEST_CASE("DIR at FAR equals counting at every threshold") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<std::int64_t>(10, 80);
    const auto kind =
        *rc::gen::elementOf(std::vector<std::string>{"normal", "whole numbers", "all equal"});
    const Embedded is = drawn(kind, n, Random(*rc::gen::arbitrary<std::uint64_t>()));
    const std::vector<double> due = plain(is, {0, 0.1, 0.25, 0.5, 1});
    if (due.empty()) RC_DISCARD("closed or empty");
    const auto found =
        evaluate("identification", is, {},
                 R"({"gallery": "role=known", "dir_at_far": [0, 0.1, 0.25, 0.5, 1]})");
    std::size_t at = 0;
    for (const char* name : {"rank_1", "dir_at_far_0", "dir_at_far_0.1", "dir_at_far_0.25",
                             "dir_at_far_0.5", "dir_at_far_1"})
      RC_ASSERT(std::abs(found.at(name).value - due[at++]) < 1e-12);
  }));
}

TEST_CASE("identification by hand, with its curve") {
  // Enrolled: 0 (class 0), 10 (class 1). Genuine: 1, 3 and 6 of class 0 (6 is nearer to 10), 12 of
  // class 1. Impostors: 2 away, 5 away.
  Embedded test{
      .embeddings = MatrixF{{0}, {10}, {1}, {3}, {6}, {12.5}, {-2}, {15}},
      .columns = {
          {.name = "class", .values = {0, 1, 0, 0, 0, 1, 2, 3}, .classes = {"p", "q", "r", "s"}},
          {.name = "role", .values = {0, 0, 1, 1, 1, 1, 1, 1}, .classes = {"gallery", "probe"}}}};
  Registry registry(Registry::standard_folders());
  const std::vector<Episode> no_episodes;
  const Embedded none;
  const Measurement found =
      registry
          .make<Evaluator>(parse_json(
              R"({"plugin": "identification", "gallery": "role=gallery", "dir_at_far": [0.4, 0.5]})"))
          ->measure({.train = none, .test = test, .episodes = no_episodes, .random = Random(1)});
  REQUIRE(found.metrics.size() == 3);
  CHECK(found.metrics[0].value == doctest::Approx(3.0 / 4));  // 1, 3, 12.5
  CHECK(found.metrics[1].value == doctest::Approx(1.0 / 4));  // nearer than 2: 1
  CHECK(found.metrics[2].value == doctest::Approx(3.0 / 4));  // nearer than 5: 1, 2.5, 3
  REQUIRE(found.curves.size() == 1);
  CHECK(found.curves[0].name == "dir");
  CHECK(found.curves[0].at == std::vector<double>{0, 0.5, 1});
  CHECK(found.curves[0].values == std::vector<double>{0.25, 0.75, 0.75});
}

TEST_CASE(
    "who is enrolled is drawn: half of the classes, so many of each, the same from a stream") {
  // Each example far from all others but its twin class: who is right says who is enrolled.
  std::vector<std::int32_t> labels;
  MatrixF points(60, 1);
  for (std::int64_t i = 0; i < 60; ++i) {
    labels.push_back(static_cast<std::int32_t>(i / 6));
    points(i, 0) = static_cast<float>(1000 * (i / 6)) + static_cast<float>(i % 6);
  }
  const Embedded test = embedded(points, labels);
  const auto found = evaluate("identification", test, {}, R"({"n_enrolled": 2})");
  for (const auto& entry : found) CHECK(entry.second.value == 1);
  CHECK(evaluate("identification", test, {}, R"({"n_enrolled": 6})").at("rank_1").reason ==
        "no class of the test part has more than n_enrolled = 6 examples");
  const auto closed = evaluate("identification", test, {}, R"({"enrolled": 1})");
  CHECK(closed.at("rank_1").value == 1);
  CHECK(closed.at("dir_at_far_0.1").reason == "every class is enrolled; lower enrolled");
  // Another stream draws others: with random embeddings the numbers differ.
  MatrixF random_points = metriclab::points<MatrixF>("normal", 60, 2, Random(2));
  const Embedded random = embedded(random_points, labels);
  Registry registry(Registry::standard_folders());
  const auto evaluator = registry.make<Evaluator>(parse_json(R"({"plugin": "identification"})"));
  const std::vector<Episode> no_episodes;
  const Embedded none;
  std::set<double> rates;
  for (std::uint64_t seed : {1, 2, 3, 4, 5, 1, 2, 3, 4, 5})
    rates.insert(
        evaluator
            ->measure(
                {.train = none, .test = random, .episodes = no_episodes, .random = Random(seed)})
            .metrics.front()
            .value);
  CHECK(rates.size() > 1);
  CHECK(rates.size() <= 5);
}

TEST_CASE("identification: closed sets, nobody enrolled, nobody asking") {
  const Embedded train = embedded(MatrixF{{0}, {5}}, {0, 1});
  const std::string from_train = R"({"gallery": "train"})";
  const auto closed =
      evaluate("identification", embedded(MatrixF{{1}, {4}}, {0, 0}), train, from_train);
  CHECK(closed.at("rank_1").value == 0.5);
  CHECK(closed.at("dir_at_far_0.01").reason ==
        "every probe is of an enrolled class: none raises a false alarm");
  CHECK(evaluate("identification", embedded(MatrixF{{1}}, {3}), train, from_train)
            .at("rank_1")
            .reason == "no probe is of an enrolled class");
  CHECK(evaluate("identification", train, {}, from_train).at("rank_1").reason ==
        "the training part, whose examples are enrolled, is empty");
}

}  // namespace
