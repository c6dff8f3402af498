// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <metriclab/evaluation/logistic_regression.hpp>

#include "evaluate.hpp"

namespace {

using namespace metriclab;
using Labels = std::vector<std::int32_t>;

/// Overlapping classes 0 … classes − 1 in d dimensions.
Embedded drawn(Random& random, std::int64_t n, std::int64_t d, std::int32_t classes,
               double far = 1) {
  MatrixF points(n, d);
  Labels labels;
  for (std::int64_t i = 0; i < n; ++i) {
    labels.push_back(static_cast<std::int32_t>(i % classes));
    for (std::int64_t t = 0; t < d; ++t)
      points(i, t) = static_cast<float>(random.normal() + (t == labels.back() ? far : 0));
  }
  return embedded(points, labels);
}

double accuracy(const std::map<std::string, Metric>& found) { return found.at("accuracy").value; }

TEST_CASE("knn chooses the k that is right most often on the training part, left out in turn") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const Embedded train = drawn(random, *rc::gen::inRange<std::int64_t>(8, 40), 3, 3),
                   test = drawn(random, 30, 3, 3);
    const std::string weights = *rc::gen::element("uniform", "distance");
    double most = -1;
    std::int64_t best = 0;
    for (std::int64_t k : {1, 2, 5, 6, 7}) {
      // Without a training part knn leaves out each of the test part.
      const double value = accuracy(evaluate(
          "knn", train, {},
          R"({"n_neighbors": )" + std::to_string(k) + R"(, "weights": ")" + weights + "\"}"));
      if (value <= most + 1e-12) continue;
      most = value;
      best = k;
    }
    const auto chosen = evaluate("knn", test, train,
                                 R"({"n_neighbors": null, "choose_from": [7, 5, 2, 6, 1, 300],
                                     "weights": ")" +
                                     weights + "\"}");
    RC_ASSERT(chosen.at("n_neighbors").value == static_cast<double>(best));
    RC_ASSERT(chosen.at("n_neighbors").better == Better::neither);
    const auto fixed = evaluate(
        "knn", test, train,
        R"({"n_neighbors": )" + std::to_string(best) + R"(, "weights": ")" + weights + "\"}");
    for (const auto& [name, metric] : fixed) RC_ASSERT(chosen.at(name).value == metric.value);
    RC_ASSERT(fixed.size() == 3u);
  }));
}

TEST_CASE("knn: what k can't be chosen from") {
  Random random(1);
  const Embedded train = drawn(random, 9, 2, 3), test = drawn(random, 9, 2, 3);
  CHECK(evaluate("knn", test, {}, R"({"n_neighbors": null})").at("n_neighbors").reason ==
        "n_neighbors is chosen on the training part, which is empty");
  CHECK_THROWS_WITH_AS(
      evaluate("knn", test, train, R"({"n_neighbors": null, "choose_from": [9, 30]})"),
      "knn: choose_from has no k below 9, the number of training examples, which leaving one out "
      "needs; add a smaller one",
      Error);
  CHECK_THROWS_WITH_AS(evaluate("knn", test, train, R"({"choose_from": [1, 2]})"),
                       "knn: choose_from is what a null n_neighbors is chosen from, and "
                       "n_neighbors is 3; set it to null, or leave choose_from out",
                       Error);
}

TEST_CASE("few_shot by the votes of several: by hand") {
  // Supports of way 0 at 0 and 3, of way 1 at 4, 5 and 9.
  const Embedded test =
      embedded(MatrixF{{0}, {3}, {4}, {5}, {9}, {3.25f}, {1}}, {0, 0, 1, 1, 1, 0, 0});
  const auto measured = [&](const std::string& parameters) {
    return accuracy(evaluate("few_shot", test, {}, parameters, Distance::euclidean,
                             {{.support = {0, 1, 2, 3, 4},
                               .query = {5, 6},
                               .support_labels = {0, 0, 1, 1, 1},
                               .query_labels = {0, 0}}}));
  };
  // 3.25 has 3 (0), 4 (1), 5 (1) near: way 1; 1 has 0, 3 (0) and 4 (1): way 0.
  CHECK(measured(R"({"classifier": "nearest"})") == 1);
  CHECK(measured(R"({"classifier": "knn"})") == 0.5);
  // One vote each: the way that is nearest.
  CHECK(measured(R"({"classifier": "knn", "n_neighbors": 2})") == 1);
  CHECK(measured(R"({"classifier": "knn", "n_neighbors": 5})") == 0);
  CHECK_THROWS_WITH_AS(measured(R"({"classifier": "knn", "n_neighbors": 6})"),
                       "few_shot: n_neighbors = 6 asks for at least 6 support examples, and an "
                       "episode has 5; lower n_neighbors, or draw episodes of more shots",
                       Error);
}

TEST_CASE("few_shot: one neighbour, or one shot, is the nearest") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const Embedded test = drawn(random, 30, 4, 5);
    std::vector<Episode> episodes;
    for (std::int64_t e = 0; e < 5; ++e) {
      Episode episode;
      for (std::int64_t i : random.sample(30, 12)) {
        const bool is_support = episode.support.size() < 5;
        const std::int32_t label = is_support ? static_cast<std::int32_t>(episode.support.size())
                                              : test.labels()[static_cast<std::size_t>(i)];
        (is_support ? episode.support : episode.query).push_back(i);
        (is_support ? episode.support_labels : episode.query_labels).push_back(label);
      }
      episodes.push_back(episode);
    }
    const auto by = [&](const char* parameters) {
      return accuracy(evaluate("few_shot", test, {}, parameters, Distance::euclidean, episodes));
    };
    const double nearest = by("{}");
    RC_ASSERT(by(R"({"classifier": "knn", "n_neighbors": 1})") == nearest);
    RC_ASSERT(by(R"({"classifier": "knn", "n_neighbors": 4})") == nearest);
    RC_ASSERT(std::abs(by(R"({"classifier": "prototype"})") - nearest) < 1e-12);
  }));
}

/// −(1/n) Σ log p(y | x) + λ/2 ‖W‖², written out.
double objective(const LogisticRegression& model, const Matrix& X, const Labels& y, double lambda) {
  double sum = 0;
  for (std::int64_t i = 0; i < X.rows(); ++i) {
    double all = 0;
    for (std::int64_t c = 0; c < model.weights.rows(); ++c)
      all += std::exp(model.weights.row(c).dot(X.row(i)) + model.biases[c]);
    const std::int32_t own = y[static_cast<std::size_t>(i)];
    sum -= std::log(std::exp(model.weights.row(own).dot(X.row(i)) + model.biases[own]) / all);
  }
  return sum / static_cast<double>(X.rows()) + lambda / 2 * model.weights.squaredNorm();
}

TEST_CASE("logistic regression: no partial derivative is left, and none anywhere near is lower") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const auto d = *rc::gen::inRange<std::int64_t>(1, 6);
    const auto classes = *rc::gen::inRange<std::int32_t>(2, 5);
    const Embedded is = drawn(random, 40, d, classes);
    const Matrix X = is.embeddings.cast<double>();
    const double lambda = std::pow(10, random.uniform(-4, 1));
    LogisticRegression model{.weights = Matrix::Zero(classes, d), .biases = Vector::Zero(classes)};
    fit(model, X, is.labels(), lambda, 1e-7, 2000);
    RC_ASSERT(model.converged);
    RC_ASSERT(model.gradient <= 1e-7);
    const double least = objective(model, X, is.labels(), lambda);
    const auto shifted = [&](double& parameter, double step) {
      const double before = parameter;
      parameter = before + step;
      const double value = objective(model, X, is.labels(), lambda);
      parameter = before;
      return value;
    };
    constexpr double kStep = 1e-4;
    for (std::int32_t c = 0; c < classes; ++c)
      for (std::int64_t t = 0; t <= d; ++t) {
        double& parameter = t < d ? model.weights(c, t) : model.biases[c];
        const double up = shifted(parameter, kStep), down = shifted(parameter, -kStep);
        RC_ASSERT(std::abs(up - down) / (2 * kStep) < 1e-6);
        RC_ASSERT(up >= least - 1e-12);
        RC_ASSERT(down >= least - 1e-12);
      }
    // Convex: from anywhere to the same weights.
    LogisticRegression other{.weights = Matrix::Ones(classes, d), .biases = Vector::Ones(classes)};
    other.weights(0, 0) = -3;
    fit(other, X, is.labels(), lambda, 1e-7, 2000);
    RC_ASSERT((other.weights - model.weights).norm() < 1e-6 / lambda);
    RC_ASSERT(other.predict(X) == model.predict(X) || lambda < 1e-2);
  }));
}

TEST_CASE("linear_probe: the choice of regularization, and what has no value") {
  Random random(4);
  const Embedded train = drawn(random, 300, 6, 3, 2), test = drawn(random, 300, 6, 3, 2);
  const auto chosen = evaluate("linear_probe", test, train);
  const double lambda = chosen.at("regularization").value;
  const std::vector<double> candidates = {1e-4, 1e-3, 1e-2, 1e-1, 1};
  CHECK(std::count(candidates.begin(), candidates.end(), lambda) == 1);
  const auto fixed =
      evaluate("linear_probe", test, train, "{\"regularization\": " + std::to_string(lambda) + "}");
  CHECK(accuracy(fixed) == accuracy(chosen));
  CHECK(fixed.size() == 3);
  // Bayes: of three unit Gaussians 2√2 apart; a random guess is 1/3.
  CHECK(accuracy(chosen) > 0.8);
  CHECK(accuracy(evaluate("linear_probe", test, train, R"({"choose_from": [0.25]})")) > 0.8);

  // A dimension that is constant in training says nothing, whatever the test part has there.
  Embedded train_and = train, test_and = test;
  train_and.embeddings.conservativeResize(300, 7);
  test_and.embeddings.conservativeResize(300, 7);
  train_and.embeddings.col(6).setConstant(0.1f);
  for (std::int64_t i = 0; i < 300; ++i)
    test_and.embeddings(i, 6) = static_cast<float>(100 * random.normal());
  CHECK(accuracy(evaluate("linear_probe", test_and, train_and, R"({"regularization": 0.01})")) ==
        accuracy(evaluate("linear_probe", test, train, R"({"regularization": 0.01})")));
  // The unit of a dimension makes no difference, nor its origin; for cosine lengths don't.
  Embedded train_scaled = train, test_scaled = test;
  for (Embedded* part : {&train_scaled, &test_scaled})
    part->embeddings.col(2) = (part->embeddings.col(2).array() * 1024 + 4096).matrix();
  CHECK(std::abs(accuracy(evaluate("linear_probe", test_scaled, train_scaled,
                                   R"({"regularization": 0.01})")) -
                 accuracy(evaluate("linear_probe", test, train, R"({"regularization": 0.01})"))) <
        0.01);
  Embedded longer = test;
  for (std::int64_t i = 0; i < 300; ++i) longer.embeddings.row(i) *= std::ldexp(1.0f, i % 7);
  CHECK(accuracy(evaluate("linear_probe", longer, train, "{}", Distance::cosine)) ==
        accuracy(evaluate("linear_probe", test, train, "{}", Distance::cosine)));

  CHECK(evaluate("linear_probe", test, train, R"({"max_iterations": 1, "regularization": 0.01})")
            .at("accuracy")
            .reason.find("raise max_iterations or regularization") != std::string::npos);
  CHECK(evaluate("linear_probe", test).at("regularization").reason == "the training part is empty");
  CHECK_THROWS_WITH_AS(evaluate("linear_probe", test, train, R"({"choose_from": []})"),
                       "linear_probe: choose_from is empty and regularization null; give one value "
                       "at least",
                       Error);
  CHECK_THROWS_WITH_AS(
      evaluate("linear_probe", test, train, R"({"regularization": 2, "choose_from": [1]})"),
      "linear_probe: choose_from is what a null regularization is chosen from, and regularization "
      "is 2; set it to null, or leave choose_from out",
      Error);
}

TEST_CASE("linear_probe: classes with other numbers, single examples, and a class never seen") {
  const Embedded train = embedded(MatrixF{{0}, {1}, {10}}, {7, 7, 3});
  CHECK(accuracy(evaluate("linear_probe", embedded(MatrixF{{0.5f}, {9}, {5}}, {7, 3, 4}), train)) ==
        doctest::Approx(2.0 / 3));
  CHECK(accuracy(evaluate("linear_probe", embedded(MatrixF{{5}}, {7}),
                          embedded(MatrixF{{0}, {1}}, {7, 7}))) == 1);
  CHECK(accuracy(evaluate("linear_probe", embedded(MatrixF{{1, 1}, {1, 1}}, {0, 1}),
                          embedded(MatrixF::Ones(4, 2), {0, 1, 0, 0}))) == 0.5);
}

}  // namespace
