// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <Eigen/LU>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <metriclab/evaluation/anomaly_scores.hpp>

#include "evaluate.hpp"
#include "parts.hpp"

namespace {

using namespace metriclab;

Embedded named(MatrixF embeddings, std::vector<std::int32_t> labels,
               std::vector<std::string> classes) {
  Embedded part = embedded(std::move(embeddings), std::move(labels));
  part.columns.front().classes = std::move(classes);
  return part;
}

const std::vector<std::string> kScores = {"kth_neighbor", "local_outlier_factor", "mahalanobis",
                                          "center"};

std::string scored_by(const std::string& score, const std::string& more = "") {
  return R"({"score": ")" + score + "\"" + more + "}";
}

TEST_CASE("anomaly by hand") {
  // Normal examples at 0, 1, 2 (and one of another class). Second neighbours of 1.5, 4, 3, −1: 0.5
  // (to 1, or 2), 3, 2, 2.
  const std::vector<std::string> classes = {"odd", "usual"};
  const Embedded train = named(MatrixF{{0}, {1}, {2}, {3.5f}}, {1, 1, 1, 0}, classes),
                 test = named(MatrixF{{1.5f}, {4}, {3}, {-1}}, {1, 0, 1, 0}, classes);
  const auto found = evaluate("anomaly", test, train, R"({"n_neighbors": 2})");
  // Anomalies 3 and 2 against 0.5 and 2: 3 of 4, and a tie.
  CHECK(found.at("auroc").value == doctest::Approx(3.5 / 4));
  // At 3 a recall of ½ and precision 1; at 2 all recalled, of three.
  CHECK(found.at("average_precision").value == doctest::Approx((1 + 2.0 / 3) / 2));
  CHECK(found.at("fpr_at_95_tpr").value == doctest::Approx(0.5));
  CHECK(found.at("fpr_at_95_tpr").better == Better::lower);
  const std::vector<Curve> curves = curves_of("anomaly", test, train, R"({"n_neighbors": 2})");
  REQUIRE(curves.size() == 1);
  CHECK(curves[0].unit == "false positive rate");
  CHECK(curves[0].at == std::vector<double>{0, 0, 0.5, 1});
  CHECK(curves[0].values == std::vector<double>{0, 0.5, 1, 1});
  // From the mean 1: 0.5, 3, 2, 2, the same order.
  CHECK(evaluate("anomaly", test, train, scored_by("center")).at("auroc").value ==
        found.at("auroc").value);
}

TEST_CASE("anomaly: which classes are normal") {
  const auto auroc = [](std::vector<std::string> classes, const std::string& parameters = "{}") {
    // Class 0 is the most frequent in training.
    const Embedded train = named(MatrixF{{0}, {0.5f}, {1}, {10}}, {0, 0, 0, 1}, classes),
                   test = named(MatrixF{{0.2f}, {10.1f}, {5}}, {0, 1, 2}, classes);
    const auto found = evaluate("anomaly", test, train, parameters).at("auroc");
    return found.reason.empty() ? std::to_string(found.value) : found.reason;
  };
  const auto value = [](double is) { return std::to_string(is); };
  CHECK(auroc({"0", "1", "2"}) == value(1));
  CHECK(auroc({"a", "normal", "c"}) == value(1));
  CHECK(auroc({"a", "b", "normal"}) == "no training example is of a normal class");
  CHECK(auroc({"normal", "b", "c"}, R"({"normal": ["b"]})") == value(1));
  CHECK(auroc({"a", "b", "c"}, R"({"normal": ["a", "b"], "n_neighbors": 1})") == value(1));
  CHECK(auroc({"a", "b", "c"}, R"({"normal": ["a", "b", "c"]})") ==
        "all test examples are of normal classes");
  CHECK(auroc({"a", "b", "c", "d"}, R"({"normal": ["d"]})") ==
        "no training example is of a normal class");
  CHECK_THROWS_WITH_AS(auroc({"a", "b", "c"}, R"({"normal": ["good"]})"),
                       R"(column "class" has no class "good"; there is "a", "b" and "c")", Error);
}

TEST_CASE("scores are what their formulas give") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const auto n = *rc::gen::inRange<std::int64_t>(8, 30);
    const bool tied = *rc::gen::arbitrary<bool>();
    const MatrixF normal = tied ? tied_points(n, 3, random) : random_points(n, 3, random),
                  test = tied ? tied_points(10, 3, random) : random_points(10, 3, random);
    const auto k = *rc::gen::inRange<std::int64_t>(1, 6);
    const auto apart = [](const auto& a, const auto& b) {
      return (a.template cast<double>() - b.template cast<double>()).norm();
    };
    // (distance, index) of all normal examples but one, in order.
    const auto ranked = [&](const auto& x, std::int64_t itself) {
      std::vector<std::pair<double, std::int64_t>> all;
      for (std::int64_t j = 0; j < n; ++j)
        if (j != itself) all.emplace_back(apart(x, normal.row(j)), j);
      std::sort(all.begin(), all.end());
      return all;
    };
    const auto last = static_cast<std::size_t>(k - 1);
    const auto density = [&](const auto& x, std::int64_t itself) {
      const auto near = ranked(x, itself);
      double sum = 0;
      for (std::size_t rank = 0; rank <= last; ++rank)
        sum += std::max(near[rank].first,
                        ranked(normal.row(near[rank].second), near[rank].second)[last].first);
      return 1 / (sum / static_cast<double>(k) + 1e-10);
    };
    const auto kth = kth_neighbor_scores(test, normal, k, Distance::euclidean).values,
               lof = local_outlier_factors(test, normal, k, Distance::euclidean).values;
    for (std::int64_t i = 0; i < 10; ++i) {
      const auto near = ranked(test.row(i), -1);
      RC_ASSERT(std::abs(kth[static_cast<std::size_t>(i)] - near[last].first) < 1e-12);
      double sum = 0;
      for (std::size_t rank = 0; rank <= last; ++rank)
        sum += density(normal.row(near[rank].second), near[rank].second);
      const double due = sum / static_cast<double>(k) / density(test.row(i), -1);
      RC_ASSERT(std::abs(lof[static_cast<std::size_t>(i)] / due - 1) < 1e-9);
    }
    // Two classes, their covariance inverted as it stands.
    std::vector<std::int32_t> labels;
    for (std::int64_t i = 0; i < n; ++i) labels.push_back(static_cast<std::int32_t>(i % 2));
    Matrix means = Matrix::Zero(2, 3), covariance = 0.1 * Matrix::Identity(3, 3);
    for (std::int64_t i = 0; i < n; ++i)
      means.row(i % 2) += normal.row(i).cast<double>() /
                          static_cast<double>(std::count(labels.begin(), labels.end(), i % 2));
    Matrix within = Matrix::Zero(3, 3);
    for (std::int64_t i = 0; i < n; ++i) {
      const Vector x = (normal.row(i).cast<double>() - means.row(i % 2)).transpose();
      within += x * x.transpose() / static_cast<double>(n);
    }
    if (within.trace() == 0) return;
    covariance = 0.9 * within + covariance * within.trace() / 3;
    const Matrix inverse = covariance.inverse();
    const auto found = mahalanobis_scores(test, normal, labels, 0.1, Distance::euclidean).values;
    for (std::int64_t i = 0; i < 10; ++i) {
      double least = 1e300;
      for (std::int64_t c = 0; c < 2; ++c) {
        const Vector x = (test.row(i).cast<double>() - means.row(c)).transpose();
        least = std::min(least, x.dot(inverse * x));
      }
      RC_ASSERT(std::abs(found[static_cast<std::size_t>(i)] - least) < 1e-9 * (1 + least));
    }
  }));
}

TEST_CASE("a Mahalanobis distance doesn't depend on a linear map of the embeddings") {
  Random random(5);
  const Matrix map = Matrix::NullaryExpr(3, 3, [&] { return random.normal(); });
  const auto labels = [](std::int64_t n) {
    std::vector<std::int32_t> result;
    for (std::int64_t i = 0; i < n; ++i) result.push_back(static_cast<std::int32_t>(i % 2));
    return result;
  };
  const MatrixF normal = random_points(40, 3, random), test = random_points(20, 3, random);
  const auto before = mahalanobis_scores(test, normal, labels(40), 0, Distance::euclidean).values,
             after = mahalanobis_scores((test.cast<double>() * map).cast<float>(),
                                        (normal.cast<double>() * map).cast<float>(), labels(40), 0,
                                        Distance::euclidean)
                         .values;
  for (std::size_t i = 0; i < before.size(); ++i)
    CHECK(after[i] == doctest::Approx(before[i]).epsilon(1e-4));  // rounded to float
}

TEST_CASE("anomaly: moving all changes nothing, nor do lengths under cosine") {
  Random random(6);
  // In steps of 1/64 moving is exact.
  const auto drawn = [&](std::int64_t n) -> MatrixF {
    return (random_points(n, 3, random) * 64).array().round() / 64;
  };
  const MatrixF normal = drawn(30), test = drawn(20);
  std::vector<std::int32_t> of_test;
  for (std::int32_t i = 0; i < 20; ++i) of_test.push_back(i % 2);
  const auto auroc = [&](const MatrixF& points, const MatrixF& by, const std::string& score,
                         Distance distance) {
    return evaluate("anomaly", embedded(points, of_test),
                    embedded(by, std::vector<std::int32_t>(30)), scored_by(score), distance)
        .at("auroc")
        .value;
  };
  const auto moved = [](const MatrixF& points) -> MatrixF { return points.array() + 16; };
  const auto lengthened = [](MatrixF points) {
    for (std::int64_t i = 0; i < points.rows(); ++i)
      points.row(i) *= std::ldexp(1.0f, static_cast<int>(i % 5) - 2);
    return points;
  };
  for (const std::string& score : kScores) {
    CAPTURE(score);
    CHECK(auroc(moved(test), moved(normal), score, Distance::euclidean) ==
          auroc(test, normal, score, Distance::euclidean));
    CHECK(auroc(lengthened(test), lengthened(normal), score, Distance::cosine) ==
          auroc(test, normal, score, Distance::cosine));
    CHECK(auroc(lengthened(test), lengthened(normal), score, Distance::euclidean) !=
          auroc(test, normal, score, Distance::euclidean));
  }
}

TEST_CASE("anomaly: odd parts") {
  const Embedded train = embedded(MatrixF{{0, 0}, {1, 0}, {2, 0}}, {0, 0, 0}),
                 test = embedded(MatrixF{{0, 0}, {5, 0}}, {0, 1});
  const auto reason = [](const Embedded& of, const Embedded& by, const std::string& parameters,
                         Distance distance = Distance::euclidean) {
    return evaluate("anomaly", of, by, parameters, distance).at("auroc").reason;
  };
  CHECK(reason(embedded(MatrixF(0, 2), {}), train, "{}") == "the test part is empty");
  CHECK(reason(test, {}, "{}") == "the training part is empty");
  CHECK(reason(embedded(MatrixF{{1, 1}}, {1}), train, "{}") ==
        "no test example is of a normal class");
  CHECK(reason(embedded(MatrixF{{1, 1}}, {0}), train, "{}") ==
        "all test examples are of normal classes");
  CHECK(reason(test, train, scored_by("mahalanobis", R"(, "shrinkage": 0)")) ==
        "the covariance of 3 normal examples in 2 dimensions has no inverse; raise \"shrinkage\"");
  CHECK(reason(test, train, scored_by("mahalanobis")).empty());
  CHECK(reason(test, train, scored_by("mahalanobis"), Distance::manhattan) ==
        "it can't go by the distance \"manhattan\" of these embeddings");
  CHECK(reason(test, train, scored_by("local_outlier_factor"), Distance::dot) ==
        "it can't go by the distance \"dot\" of these embeddings");
  const Embedded single = embedded(MatrixF{{0, 0}}, {0});
  CHECK(reason(test, single, scored_by("local_outlier_factor")) ==
        "a local outlier factor takes two normal examples");
  for (const std::string& score : kScores) {
    CAPTURE(score);
    if (score != "local_outlier_factor")
      CHECK(evaluate("anomaly", test, single, scored_by(score)).at("auroc").value == 1);
    // Normal examples that all coincide.
    const Embedded same = embedded(MatrixF::Zero(3, 2), {0, 0, 0});
    CHECK(evaluate("anomaly", test, same, scored_by(score)).at("auroc").value == 1);
  }
  CHECK_THROWS_WITH_AS(
      reason(test, train, scored_by("local_outlier_factor", R"(, "n_neighbors": 3)")),
      "anomaly: n_neighbors = 3 asks for at least 4 examples of normal classes in the training "
      "part, which has 3; lower n_neighbors",
      Error);
  CHECK_THROWS_WITH_AS(
      reason(test, train, R"({"n_neighbors": 4})"),
      "anomaly: n_neighbors = 4 asks for at least 4 examples of normal classes in the training "
      "part, which has 3; lower n_neighbors",
      Error);
}

}  // namespace
