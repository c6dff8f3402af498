// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <rapidcheck.h>

#include <Eigen/LU>
#include <algorithm>
#include <metriclab/evaluation/classification.hpp>
#include <optional>

#include "evaluate.hpp"

namespace {

using namespace metriclab;

/// Two classes that overlap, and the test part with as many examples.
Embedded drawn(Random& random, std::int64_t n) {
  MatrixF points(n, 3);
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < n; ++i) {
    labels.push_back(static_cast<std::int32_t>(i < 3 ? i : random.below(3)));
    for (std::int64_t t = 0; t < 3; ++t)
      points(i, t) = static_cast<float>(random.normal() + (t == labels.back() ? 1.5 : 0));
  }
  return embedded(points, labels);
}

/// F = (I − αS)⁻¹ Y with all matrices dense: (n × 3).
Matrix plain(const Embedded& train, const Embedded& test, Distance distance, std::int64_t k,
             double alpha, std::optional<double> bandwidth) {
  Matrix X(train.embeddings.rows() + test.embeddings.rows(), train.embeddings.cols());
  X << train.embeddings.cast<double>(), test.embeddings.cast<double>();
  if (distance == Distance::cosine) X.rowwise().normalize();
  const std::int64_t n = X.rows();
  Matrix distances(n, n), linked = Matrix::Zero(n, n);
  double sigma = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    std::vector<std::pair<double, std::int64_t>> near;
    for (std::int64_t j = 0; j < n; ++j) {
      distances(i, j) = (X.row(i) - X.row(j)).norm();
      if (j != i) near.emplace_back(distances(i, j), j);
    }
    std::sort(near.begin(), near.end());
    for (std::int64_t rank = 0; rank < k; ++rank)
      linked(i, near[static_cast<std::size_t>(rank)].second) = 1;
    sigma += near[static_cast<std::size_t>(k - 1)].first / static_cast<double>(n);
  }
  if (bandwidth) sigma = *bandwidth;
  const Matrix W = (linked.array().max(linked.transpose().array()) *
                    (-distances.array().square() / (2 * sigma * sigma)).exp())
                       .matrix();
  const Vector root = W.rowwise().sum().cwiseSqrt().cwiseInverse();
  const Matrix S = root.asDiagonal() * W * root.asDiagonal();
  Matrix Y = Matrix::Zero(n, 3);
  for (std::size_t i = 0; i < train.labels().size(); ++i)
    Y(static_cast<std::int64_t>(i), train.labels()[i]) = 1;
  return (Matrix::Identity(n, n) - alpha * S).fullPivLu().solve(Y);
}

TEST_CASE("label_propagation solves the dense system of the paper") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const Embedded train = drawn(random, 12), test = drawn(random, 40);
    const auto k = *rc::gen::inRange<std::int64_t>(4, 12);
    const double alpha = *rc::gen::element(0.1, 0.5, 0.9, 0.99);
    const auto bandwidth =
        *rc::gen::element(std::optional<double>(), std::optional(0.5), std::optional(3.0));
    for (Distance distance : {Distance::euclidean, Distance::squared_euclidean, Distance::cosine}) {
      const Matrix F = plain(train, test, distance, k, alpha, bandwidth);
      std::vector<std::int32_t> predicted;
      for (std::int64_t i = train.embeddings.rows(); i < F.rows(); ++i) {
        std::int64_t label = 0;
        F.row(i).maxCoeff(&label);
        predicted.push_back(static_cast<std::int32_t>(label));
      }
      const std::string parameters =
          fmt::format(R"({{"n_neighbors": {}, "alpha": {}, "bandwidth": {}}})", k, alpha,
                      bandwidth ? fmt::format("{}", *bandwidth) : "null");
      const auto found = evaluate("label_propagation", test, train, parameters, distance);
      // Whether the graph falls apart, so that some F are 0, is left to another test.
      const bool reached = F.bottomRows(40).rowwise().maxCoeff().minCoeff() > 1e-6;
      RC_CLASSIFY(reached);
      if (!reached) continue;
      for (const Metric& metric : classification_metrics(test.labels(), predicted))
        RC_ASSERT(found.at(metric.name).value == metric.value);
    }
  }));
}

/// Two lines of points 1 apart, `gap` between the lines.
Embedded lines(std::int64_t begin, std::int64_t end, float gap) {
  MatrixF points(2 * (end - begin), 2);
  std::vector<std::int32_t> labels;
  for (std::int64_t i = begin; i < end; ++i)
    for (std::int32_t line = 0; line < 2; ++line) {
      points.row(static_cast<std::int64_t>(labels.size())) << static_cast<float>(i),
          static_cast<float>(line) * gap;
      labels.push_back(line);
    }
  return embedded(points, labels);
}

TEST_CASE("label_propagation goes along what the data lie on, where neighbours go across") {
  // One line has its label at the left end, the other at the right one.
  Embedded train = embedded(MatrixF{{0, 0}, {29, 3}}, {0, 1});
  const Embedded test = lines(1, 29, 3);
  CHECK(evaluate("knn", test, train, R"({"n_neighbors": 1})")["accuracy"].value < 0.7);
  CHECK(evaluate("label_propagation", test, train, R"({"n_neighbors": 2})")["accuracy"].value == 1);
  // The unit makes no difference to the default, and a factor of 2^20 is exact.
  Embedded large = train, large_test = test;
  large.embeddings *= 1048576;
  large_test.embeddings *= 1048576;
  CHECK(
      evaluate("label_propagation", large_test, large, R"({"n_neighbors": 2})")["accuracy"].value ==
      1);
}

TEST_CASE("label_propagation: what no label reaches goes to the nearest training example") {
  // Three groups far apart, of which the third has no training example and is nearer the second.
  const Embedded train = embedded(MatrixF{{0}, {100}}, {5, 2});
  const Embedded test =
      embedded(MatrixF{{1}, {2}, {101}, {102}, {180}, {181}, {182}}, {5, 5, 2, 2, 2, 2, 2});
  for (const char* bandwidth : {"null", "1", "1e-3"}) {
    CAPTURE(bandwidth);
    // With a bandwidth of 1e-3 every weight underflows to 0, and all go to the nearest.
    CHECK(evaluate("label_propagation", test, train,
                   fmt::format(R"({{"n_neighbors": 2, "bandwidth": {}}})", bandwidth))["accuracy"]
              .value == 1);
  }
  // All coincide: a graph of equal weights; the class with the most training examples wins nothing
  // that it should not, and nothing breaks.
  CHECK(evaluate("label_propagation",
                 embedded(MatrixF::Ones(9, 2), std::vector<std::int32_t>(9, 1)),
                 embedded(MatrixF::Ones(3, 2), {1, 1, 1}))["accuracy"]
            .value == 1);
  CHECK_THROWS_WITH_AS(
      evaluate("label_propagation", embedded(MatrixF{{1}, {2}}, {0, 1}),
               embedded(MatrixF{{1}, {2}}, {0, 1})),
      "label_propagation: n_neighbors = 7 asks for at least 8 examples in both parts together, "
      "which have 4; lower n_neighbors",
      Error);
  for (Distance distance : {Distance::dot, Distance::bilinear, Distance::by_class})
    CHECK(evaluate("label_propagation", test, train, "{}", distance)["accuracy"].reason ==
          "it can't go by the distance \"" + std::string(to_string(distance)) +
              "\" of these embeddings");
}

}  // namespace
