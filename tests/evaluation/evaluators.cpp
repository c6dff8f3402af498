// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <limits>

#include "evaluate.hpp"

namespace {

using namespace metriclab;

MatrixF line(std::initializer_list<float> values) {
  MatrixF points(static_cast<std::int64_t>(values.size()), 1);
  std::copy(values.begin(), values.end(), points.data());
  return points;
}

const std::vector<std::string> kEvaluators = {"knn",
                                              "linear_probe",
                                              "space",
                                              "nearest_class_mean",
                                              "nearest_centroids",
                                              "label_propagation",
                                              "retrieval",
                                              "verification",
                                              "clustering",
                                              "few_shot",
                                              "knn_regression",
                                              "identification"};

TEST_CASE("knn: votes, ties and the three metrics by hand") {
  const Embedded train = embedded(line({0, 1, 2, 10, 11, 30}), {2, 1, 0, 1, 1, 0});
  // 0.4 has the neighbours 0, 1, 2, a vote each: the smallest label, 0. 10.4 has 10, 11, 2: 1. 40
  // has 30, 11, 10: 1.
  const auto found = evaluate("knn", embedded(line({0.4f, 10.4f, 40}), {0, 1, 2}), train);
  CHECK(found.at("accuracy").value == doctest::Approx(2.0 / 3));
  CHECK(found.at("balanced_accuracy").value == doctest::Approx((1.0 + 1 + 0) / 3));
  // F1: class 0: 1; class 1: 2·1 / (1 + 2); class 2: 0.
  CHECK(found.at("macro_f1").value == doctest::Approx((1 + 2.0 / 3 + 0) / 3));
  // One neighbour: 0.4 → 2, 10.4 → 1, 40 → 0. Class 0 is predicted wrongly once and never found.
  const auto nearest =
      evaluate("knn", embedded(line({0.4f, 10.4f, 40}), {0, 1, 1}), train, R"({"n_neighbors": 1})");
  CHECK(nearest.at("accuracy").value == doctest::Approx(1.0 / 3));
  CHECK(nearest.at("balanced_accuracy").value == doctest::Approx((0 + 0.5) / 2));
  CHECK(nearest.at("macro_f1").value == doctest::Approx((0 + 2.0 / 3 + 0) / 3));
}

TEST_CASE("knn: without a training part each example is left out in its turn") {
  const auto found = evaluate("knn", embedded(line({0, 1, 5, 6, 7}), {0, 0, 1, 1, 0}), {},
                              R"({"n_neighbors": 1})");
  // 6 is as far from 5 as from 7: the smaller index, which is right. Only 7 goes wrong, to 6.
  CHECK(found.at("accuracy").value == doctest::Approx(4.0 / 5));
}

TEST_CASE("knn: too few to vote, and classes never trained on") {
  const Embedded test = embedded(line({0, 1}), {0, 1});
  CHECK_THROWS_WITH_AS(evaluate("knn", test, embedded(line({0, 1}), {0, 1})),
                       "knn: n_neighbors = 3 asks for at least 3 examples in the training part, "
                       "which has 2; lower n_neighbors",
                       Error);
  CHECK_THROWS_WITH_AS(evaluate("knn", test),
                       "knn: n_neighbors = 3 asks for at least 4 examples in the test part, which "
                       "has 2; lower n_neighbors",
                       Error);
  CHECK(evaluate("knn", test, embedded(line({0, 1, 2}), {5, 5, 6})).at("accuracy").reason ==
        "the training part has none of the test part's classes");
}

TEST_CASE("knn by class: an example is as far as it is in its class's block") {
  // Two classes, blocks of one dimension. Seen in block 0 the query 0 is 1 from a (class 0); seen
  // in block 1 it is 0.5 from b (class 1), which in block 0 would be 9 away.
  Embedded train = embedded(MatrixF{{1, 5}, {9, 2.5}, {3, 7}}, {0, 1, 0});
  train.columns.front().classes = {"first", "second"};
  const Embedded test = embedded(MatrixF{{0, 2}}, {1});
  CHECK(
      evaluate("knn", test, train, R"({"n_neighbors": 1})", Distance::by_class)["accuracy"].value ==
      1);
  CHECK(evaluate("knn", test, train, R"({"n_neighbors": 1})")["accuracy"].value == 0);
  // Two of class 0 outvote it.
  CHECK(
      evaluate("knn", test, train, R"({"n_neighbors": 3})", Distance::by_class)["accuracy"].value ==
      0);
  // Leaving each out: nearest of a is the third (2 in block 0, b is 2.5 in block 1); of b it is a
  // (8 in block 0) or the third (6); of the third, a.
  CHECK(evaluate("knn", train, {}, R"({"n_neighbors": 1})", Distance::by_class)["accuracy"].value ==
        doctest::Approx(2.0 / 3));
  train.columns.front().classes = {"first", "second", "third"};
  CHECK_THROWS_WITH_AS(
      evaluate("knn", test, train, R"({"n_neighbors": 1})", Distance::by_class),
      "2 dimensions are not one block for each of 3 classes, as the distance \"by_class\" needs "
      "them",
      Error);
  for (const std::string name : {"retrieval", "verification", "clustering", "few_shot"})
    for (const auto& [metric, is] : evaluate(name, train, {}, "{}", Distance::by_class)) {
      CAPTURE(name);
      CHECK(is.reason == "it can't go by the distance \"by_class\" of these embeddings");
    }
}

TEST_CASE("retrieval by hand") {
  // From 0 the others come as 1 (other), 3 (same), 7 (same): ranks 2 and 3. From 3: 1, 0, 7: ranks
  // 2 and 3. From 7: 3, 1, 0: ranks 1 and 3. The one at 1 has no other of its class.
  const Embedded test = embedded(line({0, 1, 3, 7}), {4, 9, 4, 4});
  const auto found = evaluate("retrieval", test, {}, R"({"recall_at": [1, 2]})");
  CHECK(found.at("recall_at_1").value == doctest::Approx(1.0 / 3));
  CHECK(found.at("recall_at_2").value == doctest::Approx(1));
  CHECK(found.at("precision_at_1").value == doctest::Approx(1.0 / 3));
  CHECK(found.at("r_precision").value == doctest::Approx(0.5));
  CHECK(found.at("map_at_r").value == doctest::Approx((0.25 + 0.25 + 0.5) / 3));
  CHECK(found.at("map").value == doctest::Approx(((0.5 + 2.0 / 3) * 2 + (1 + 2.0 / 3)) / 2 / 3));
  CHECK(found.at("mrr").value == doctest::Approx((0.5 + 0.5 + 1) / 3));
  CHECK(evaluate("retrieval", embedded(line({0, 1}), {0, 1})).at("map").reason ==
        "no test example has another example of its class in the gallery");
  CHECK(evaluate("retrieval", test, {}, R"({"gallery": "train"})").at("map").reason ==
        "the training part, the gallery, is empty");
}

TEST_CASE("retrieval: equal distances are ranked by index") {
  const auto found = evaluate("retrieval", embedded(MatrixF::Ones(4, 3), {0, 1, 0, 1}));
  // Ranks from 0: {2}; from 1: {3}; from 2: {1}; from 3: {2}.
  CHECK(found.at("mrr").value == doctest::Approx((1.0 / 2 + 1.0 / 3 + 1 + 1.0 / 2) / 4));
}

TEST_CASE("verification by hand") {
  // Distances: same 1 (0, 1), 2 (4, 6); other 4, 6, 3, 5.
  const auto apart = evaluate("verification", embedded(line({0, 1, 4, 6}), {0, 0, 1, 1}), {},
                              R"({"tar_at_far": [0, 0.5]})");
  CHECK(apart.at("roc_auc").value == 1);
  CHECK(apart.at("eer").value == 0);
  CHECK(apart.at("best_threshold_accuracy").value == 1);
  CHECK(apart.at("tar_at_far_0").value == 1);
  // Same: 2 (0, 2), 2 (1, 3); other: 1, 3, 1, 1. ROC points (FAR, TAR): (3/4, 0), (3/4, 1), (1, 1).
  const auto mixed = evaluate("verification", embedded(line({0, 1, 2, 3}), {0, 1, 0, 1}), {},
                              R"({"tar_at_far": [0.5, 0.75]})");
  CHECK(mixed.at("roc_auc").value == doctest::Approx(0.25));
  CHECK(mixed.at("eer").value == doctest::Approx(0.75));
  CHECK(mixed.at("best_threshold_accuracy").value == doctest::Approx(4.0 / 6));
  CHECK(mixed.at("tar_at_far_0.5").value == 0);
  CHECK(mixed.at("tar_at_far_0.75").value == 1);
  // All distances equal: nothing is told apart, and the curve is the diagonal.
  const auto equal = evaluate("verification", embedded(MatrixF::Ones(4, 2), {0, 0, 1, 1}));
  CHECK(equal.at("roc_auc").value == doctest::Approx(0.5));
  CHECK(equal.at("eer").value == doctest::Approx(0.5));
  CHECK(equal.at("tar_at_far_0.1").value == 0);
}

TEST_CASE("verification: a drawn sample comes near all pairs") {
  // Stochastic, with a fixed seed: 4000 of 79800 pairs; a rate's deviation is below √(¼ / 2000) ≈
  // 0.011.
  Random random(5);
  MatrixF points(400, 4);
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < points.rows(); ++i) {
    labels.push_back(static_cast<std::int32_t>(i % 5));
    for (std::int64_t t = 0; t < 4; ++t)
      points(i, t) = static_cast<float>(random.normal() + (t == i % 5 ? 2 : 0));
  }
  const auto all = evaluate("verification", embedded(points, labels));
  const auto some =
      evaluate("verification", embedded(points, labels), {}, R"({"max_pairs": 4000})");
  for (const char* name : {"roc_auc", "eer", "best_threshold_accuracy", "tar_at_far_0.1"}) {
    CAPTURE(name);
    CHECK(std::abs(all.at(name).value - some.at(name).value) < 0.045);
    CHECK(all.at(name).value != some.at(name).value);
  }
}

TEST_CASE("clustering: separate groups are found, whatever their number") {
  MatrixF points(60, 2);
  std::vector<std::int32_t> labels;
  Random random(1);
  for (std::int64_t i = 0; i < 60; ++i) {
    labels.push_back(static_cast<std::int32_t>(i % 6));
    points(i, 0) = static_cast<float>(100 * (i % 6) + random.normal());
    points(i, 1) = static_cast<float>(random.normal());
  }
  for (const char* name : {"nmi", "ami", "ari"})
    CHECK(evaluate("clustering", embedded(points, labels)).at(name).value == doctest::Approx(1));
  // More classes than different points: clusters run empty, and nothing breaks.
  CHECK(evaluate("clustering", embedded(MatrixF::Ones(4, 2), {0, 1, 2, 2})).at("nmi").value >= 0);
  CHECK(evaluate("clustering", embedded(line({1, 2}), {3, 3})).at("ari").reason ==
        "the test part has one class only");
}

TEST_CASE("few_shot by hand") {
  const Embedded test = embedded(line({0, 10, 4, 7, 1, 9}), {0, 1, 0, 0, 0, 1});
  // Nearest: 4 → way 0, 7 → way 1. With 9 as a further support of way 0, its mean is 4.5.
  const std::vector<Episode> episodes = {
      {.support = {0, 1}, .query = {2, 3}, .support_labels = {0, 1}, .query_labels = {0, 0}},
      {.support = {0, 5, 1}, .query = {3, 4}, .support_labels = {0, 0, 1}, .query_labels = {0, 0}}};
  const auto nearest = evaluate("few_shot", test, {}, "{}", Distance::euclidean, episodes);
  CHECK(nearest.at("accuracy").value == doctest::Approx((0.5 + 1) / 2));
  CHECK(nearest.at("error").value == doctest::Approx(0.25));
  // Deviation of ½ and 1: ½ / √2.
  CHECK(nearest.at("accuracy_interval").value ==
        doctest::Approx(1.96 * 0.5 / std::sqrt(2.0) / std::sqrt(2.0)));
  const auto prototype = evaluate("few_shot", test, {}, R"({"classifier": "prototype"})",
                                  Distance::euclidean, {episodes[1]});
  CHECK(prototype.at("accuracy").value == 1);  // 7: 2.5 from 4.5, 3 from 10
  CHECK(prototype.at("accuracy_interval").reason == "a single episode has no deviation");
  CHECK(evaluate("few_shot", test).at("accuracy").reason ==
        "the split has no episodes; add \"episodes\" to the data set's \"split\"");
}

TEST_CASE(
    "an embedding that is not finite is named; an empty test part and one class are no crash") {
  for (const std::string& name : kEvaluators) {
    CAPTURE(name);
    const Embedded wrong =
        embedded(line({0, 1, std::numeric_limits<float>::quiet_NaN()}), {0, 1, 0});
    CHECK_THROWS_WITH_AS(
        evaluate(name, wrong),
        "test example 2 has the value nan in dimension 0; finite values are needed", Error);
    for (const auto& entry : evaluate(name, embedded(MatrixF(0, 3), {})))
      CHECK(std::isnan(entry.second.value));
    evaluate(name, embedded(line({0, 1, 2, 3}), {5, 5, 5, 5}));
  }
}

}  // namespace
