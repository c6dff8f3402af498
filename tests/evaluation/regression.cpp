// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <limits>

#include "evaluate.hpp"

namespace {

using namespace metriclab;

Embedded with_targets(MatrixF points, std::vector<double> targets) {
  return {.embeddings = std::move(points), .columns = {}, .targets = std::move(targets)};
}

TEST_CASE("knn_regression by hand") {
  const Embedded train = with_targets(MatrixF{{0}, {1}, {4}, {9}}, {2, 4, 10, 0});
  const Embedded test = with_targets(MatrixF{{0.5f}, {3}}, {2, 9});
  // Two neighbours: 0.5 has 0 and 1, mean 3; 3 has 4 and 1, mean 7. Errors −1 and 2; around the
  // mean 5.5 of the targets ±3.5.
  const auto found = evaluate("knn_regression", test, train, R"({"n_neighbors": 2})");
  CHECK(found.at("r2").value == doctest::Approx(1 - 5 / 24.5));
  CHECK(found.at("rmse").value == doctest::Approx(std::sqrt(2.5)));
  CHECK(found.at("mae").value == doctest::Approx(1.5));
  CHECK(found.at("r2").better == Better::higher);
  CHECK(found.at("rmse").better == Better::lower);
  CHECK(found.at("mae").better == Better::lower);
  // By inverse distances 1 and ½: (10 + 4/2) / 1.5 = 8, an error of 1.
  const auto weighed =
      evaluate("knn_regression", test, train, R"({"n_neighbors": 2, "weights": "distance"})");
  CHECK(weighed.at("mae").value == doctest::Approx(1));
  // At distance 0 the example itself, or the mean of those that coincide.
  CHECK(evaluate("knn_regression", with_targets(MatrixF{{0}}, {3}),
                 with_targets(MatrixF{{0}, {0}, {1}}, {2, 5, 100}),
                 R"({"n_neighbors": 3, "weights": "distance"})")
            .at("mae")
            .value == doctest::Approx(0.5));
  // Without a training part each is left out in its turn: 0 → 4, 1 → 2, 4 → 4, 9 → 10.
  CHECK(evaluate("knn_regression", train, {}, R"({"n_neighbors": 1})").at("mae").value ==
        doctest::Approx((2 + 2 + 6 + 10) / 4.0));
}

TEST_CASE("knn_regression is what sorting all distances gives") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const auto part = [&](std::int64_t n) {
      const MatrixF points =
          MatrixF::NullaryExpr(n, 3, [&] { return static_cast<float>(random.normal()); });
      std::vector<double> targets;
      for (std::int64_t i = 0; i < n; ++i) targets.push_back(points(i, 0) + random.normal());
      return with_targets(points, targets);
    };
    const Embedded train = part(25), test = part(20);
    const auto k = *rc::gen::inRange<std::size_t>(1, 10);
    for (const std::string weights : {"uniform", "distance"}) {
      double squares = 0, absolute = 0, mean = 0, around = 0;
      for (double target : test.targets) mean += target / 20;
      for (std::int64_t i = 0; i < 20; ++i) {
        std::vector<std::pair<double, double>> near;
        for (std::int64_t j = 0; j < 25; ++j)
          near.emplace_back(
              (test.embeddings.row(i) - train.embeddings.row(j)).cast<double>().norm(),
              train.targets[static_cast<std::size_t>(j)]);
        std::sort(near.begin(), near.end());
        double sum = 0, total = 0;
        for (std::size_t rank = 0; rank < k; ++rank) {
          const double weight = weights == "uniform" ? 1 : 1 / near[rank].first;
          sum += weight * near[rank].second;
          total += weight;
        }
        const double target = test.targets[static_cast<std::size_t>(i)];
        squares += (target - sum / total) * (target - sum / total);
        absolute += std::abs(target - sum / total);
        around += (target - mean) * (target - mean);
      }
      const auto found = evaluate(
          "knn_regression", test, train,
          R"({"n_neighbors": )" + std::to_string(k) + R"(, "weights": ")" + weights + "\"}");
      // Distances are rounded to float.
      RC_ASSERT(std::abs(found.at("r2").value - (1 - squares / around)) < 1e-5);
      RC_ASSERT(std::abs(found.at("rmse").value - std::sqrt(squares / 20)) < 1e-5);
      RC_ASSERT(std::abs(found.at("mae").value - absolute / 20) < 1e-5);
    }
  }));
}

TEST_CASE("R² doesn't depend on the targets' unit and origin; errors have that unit") {
  Random random(4);
  Embedded train = with_targets(MatrixF(30, 2), {}), test = with_targets(MatrixF(30, 2), {});
  for (Embedded* part : {&train, &test})
    for (std::int64_t i = 0; i < 30; ++i) {
      for (std::int64_t t = 0; t < 2; ++t)
        part->embeddings(i, t) = static_cast<float>(random.normal());
      part->targets.push_back(part->embeddings(i, 1) + 0.3 * random.normal());
    }
  const auto before = evaluate("knn_regression", test, train);
  for (Embedded* part : {&train, &test})
    for (double& target : part->targets) target = 1e8 * target - 5e8;
  const auto after = evaluate("knn_regression", test, train);
  CHECK(after.at("r2").value == doctest::Approx(before.at("r2").value).epsilon(1e-9));
  CHECK(after.at("rmse").value == doctest::Approx(1e8 * before.at("rmse").value).epsilon(1e-9));
  CHECK(after.at("mae").value == doctest::Approx(1e8 * before.at("mae").value).epsilon(1e-9));
}

TEST_CASE("knn_regression: what has no value, and what is refused") {
  const Embedded train = with_targets(MatrixF{{0}, {1}, {2}}, {1, 2, 3});
  const MatrixF points{{0.1f}, {5}};
  const auto of = [&](std::vector<double> targets, const std::string& parameters = "{}",
                      Distance distance = Distance::euclidean) {
    return evaluate("knn_regression", with_targets(points, std::move(targets)), train, parameters,
                    distance);
  };
  for (const auto& entry : of({})) CHECK(entry.second.reason == "the data set has no targets");
  const auto equal = of({4, 4});
  CHECK(equal.at("r2").reason == "all targets of the test part are equal");
  CHECK(equal.at("rmse").value == doctest::Approx(2));
  for (double unit : {1e200, 1e-200})
    CHECK(of({1 * unit, 2 * unit}).at("r2").reason.empty() == false);
  for (const auto& entry : of({1, 2}, R"({"weights": "distance"})", Distance::dot))
    CHECK(entry.second.reason.starts_with("weights \"distance\" are inverse distances"));
  CHECK_THROWS_WITH_AS(of({1, std::numeric_limits<double>::infinity()}),
                       "the target of test example 1 is inf; finite ones are needed", Error);
  CHECK_THROWS_WITH_AS(of({1, 2}, R"({"n_neighbors": 4})"),
                       "knn_regression: n_neighbors = 4 asks for at least 4 examples in the "
                       "training part, which has 3; lower n_neighbors",
                       Error);
}

TEST_CASE("evaluators that need labels say so where there are only targets") {
  const Embedded test = with_targets(MatrixF{{0}, {1}, {2}}, {1, 2, 3});
  for (const std::string name :
       {"knn", "nearest_class_mean", "nearest_centroids", "label_propagation", "retrieval",
        "verification", "clustering", "few_shot"})
    for (const auto& [metric, is] : evaluate(name, test, test)) {
      CAPTURE(name);
      CAPTURE(metric);
      CHECK(is.reason == "it needs labels, and this data set has none");
    }
}

}  // namespace
