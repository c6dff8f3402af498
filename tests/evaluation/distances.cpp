// SPDX-License-Identifier: BSD-3-Clause
// What goes by nearness, under each distance, against a plain computation of all distances.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "../neighbors/naive.hpp"
#include "../neighbors/points.hpp"
#include "evaluate.hpp"

namespace {

using namespace metriclab;

constexpr Distance kDistances[] = {Distance::euclidean, Distance::cosine,      Distance::dot,
                                   Distance::manhattan, Distance::chi_squared, Distance::poincare};

/// Random examples of three classes, each class with two at least; "duplicates" have ties.
Embedded drawn(Distance by, const std::string& kind, std::int64_t n, Random random) {
  const auto d = *rc::gen::inRange<std::int64_t>(2, 8);
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < n; ++i)
    labels.push_back(static_cast<std::int32_t>(i < 6 ? i % 3 : random.below(3)));
  return embedded(fit_for(by, points<MatrixF>(kind, n, d, random.child("points"))), labels);
}

bool same_class(const Embedded& is, std::int64_t i, std::int64_t j) {
  return is.labels()[static_cast<std::size_t>(i)] == is.labels()[static_cast<std::size_t>(j)];
}

void require_near(const Metric& metric, double expected) {
  RC_ASSERT(metric.reason.empty());
  RC_ASSERT(std::abs(metric.value - expected) < 1e-12);
}

template <class Check>
bool under_each_distance(Check check) {
  return rc::check([&] {
    const auto by =
        *rc::gen::elementOf(std::vector<Distance>(std::begin(kDistances), std::end(kDistances)));
    const auto kind = *rc::gen::elementOf(std::vector<std::string>{"normal", "duplicates"});
    const auto n = *rc::gen::inRange<std::int64_t>(7, 40);
    check(drawn(by, kind, n, Random(*rc::gen::arbitrary<std::uint64_t>())), by);
  });
}

TEST_CASE("knn: the nearest other example, the first of those that tie") {
  CHECK(under_each_distance([](const Embedded& is, Distance by) {
    const std::int64_t n = is.embeddings.rows();
    double right = 0;
    for (std::int64_t i = 0; i < n; ++i)
      right += same_class(is, i, naive::ranking(is.embeddings, i, is.embeddings, by, i).front());
    require_near(evaluate("knn", is, {}, R"({"n_neighbors": 1})", by).at("accuracy"),
                 right / static_cast<double>(n));
  }));
}

TEST_CASE("retrieval: average precisions and reciprocal ranks of the whole ranking") {
  CHECK(under_each_distance([](const Embedded& is, Distance by) {
    const std::int64_t n = is.embeddings.rows();
    double map = 0, mrr = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      double rank = 0, found = 0, precisions = 0, first = 0;
      for (std::int64_t j : naive::ranking(is.embeddings, i, is.embeddings, by, i)) {
        ++rank;
        if (!same_class(is, i, j)) continue;
        if (++found == 1) first = rank;
        precisions += found / rank;
      }
      map += precisions / found / static_cast<double>(n);
      mrr += 1 / first / static_cast<double>(n);
    }
    const auto metrics = evaluate("retrieval", is, {}, "{}", by);
    require_near(metrics.at("map"), map);
    require_near(metrics.at("mrr"), mrr);
  }));
}

TEST_CASE("verification: how often a same-class pair is nearer than another, by counting") {
  CHECK(under_each_distance([](const Embedded& is, Distance by) {
    std::vector<double> same, other;
    for (std::int64_t i = 0; i < is.embeddings.rows(); ++i)
      for (std::int64_t j = i + 1; j < is.embeddings.rows(); ++j)
        (same_class(is, i, j) ? same : other)
            .push_back(naive::distance(is.embeddings, i, is.embeddings, j, by));
    double nearer = 0;
    for (double a : same)
      for (double b : other) nearer += a < b ? 1 : a == b ? 0.5 : 0;
    // Pairs of coinciding examples are at distance 0 for each of these; for cosine they are within
    // its rounding, which the plain formula has another of.
    if (by == Distance::cosine) return;
    require_near(evaluate("verification", is, {}, "{}", by).at("roc_auc"),
                 nearer / static_cast<double>(same.size() * other.size()));
  }));
}

TEST_CASE("few_shot: the nearest support example; the nearest mean") {
  CHECK(under_each_distance([](const Embedded& is, Distance by) {
    const std::int64_t n = is.embeddings.rows();
    Episode episode;
    episode.support = {0, 1, 2, 3, 4, 5};
    episode.support_labels = {0, 1, 2, 0, 1, 2};
    for (std::int64_t i = 6; i < n; ++i) {
      episode.query.push_back(i);
      episode.query_labels.push_back(is.labels()[static_cast<std::size_t>(i)]);
    }
    const MatrixF support = is.embeddings.topRows(6);
    Matrix means = Matrix::Zero(3, support.cols());
    for (std::int64_t way = 0; way < 3; ++way)
      means.row(way) = (support.row(way) + support.row(way + 3)).cast<double>() / 2;
    double nearest = 0, prototype = 0;
    for (std::int64_t i = 6; i < n; ++i) {
      nearest += same_class(is, i, naive::ranking(is.embeddings, i, support, by).front());
      const Matrix query = is.embeddings.row(i).cast<double>();
      prototype +=
          is.labels()[static_cast<std::size_t>(i)] == naive::ranking(query, 0, means, by).front();
    }
    const auto queries = static_cast<double>(n - 6);
    require_near(evaluate("few_shot", is, {}, "{}", by, {episode}).at("accuracy"),
                 nearest / queries);
    // The mean of two points of the ball is the middle of the geodesic: tested with
    // nearest_class_mean.
    if (by == Distance::poincare) return;
    require_near(evaluate("few_shot", is, {}, R"({"classifier": "prototype"})", by, {episode})
                     .at("accuracy"),
                 prototype / queries);
  }));
}

TEST_CASE("few_shot: prototypes in the Poincaré ball are midpoints of geodesics") {
  // On a diameter a point is tanh(t/2), t its distance from the centre: the middle of t = 1 and 3
  // is at t = 2, the Euclidean one at t = 1.67.
  const auto at = [](double t) { return static_cast<float>(std::tanh(t / 2)); };
  const Embedded test =
      embedded(MatrixF{{at(1)}, {at(3)}, {at(-0.1)}, {at(0.93)}, {at(1.1)}}, {0, 0, 1, 1, 0});
  const std::vector<Episode> episodes = {
      {.support = {0, 1, 2}, .query = {3, 4}, .support_labels = {0, 0, 1}, .query_labels = {1, 0}}};
  // 0.93 is nearer to −0.1 than to 2, but nearer to 1.67; 1.1 is nearer to 2.
  CHECK(evaluate("few_shot", test, {}, R"({"classifier": "prototype"})", Distance::poincare,
                 episodes)["accuracy"]
            .value == 1);
}

TEST_CASE("what has no value under a distance says so; what can't be compared is named") {
  const Embedded inside = embedded(MatrixF::Constant(4, 2, 0.5f), {0, 1, 0, 1});
  for (Distance by : {Distance::manhattan, Distance::chi_squared, Distance::poincare})
    for (const char* name : {"clustering", "nearest_centroids", "label_propagation"})
      for (const auto& entry : evaluate(name, inside, inside, "{}", by))
        CHECK(entry.second.reason == "it can't go by the distance \"" + std::string(to_string(by)) +
                                         "\" of these embeddings");
  Embedded outside = inside;
  outside.embeddings(2, 1) = -1;
  for (const char* name :
       {"knn", "nearest_class_mean", "retrieval", "verification", "few_shot", "knn_regression"}) {
    CAPTURE(name);
    CHECK_THROWS_WITH_AS(evaluate(name, outside, inside, "{}", Distance::poincare),
                         "test example 2 has the length 1.118033988749895; the distance "
                         "\"poincare\" compares embeddings in the Poincaré ball, which are "
                         "shorter than 1",
                         Error);
    CHECK_THROWS_WITH_AS(evaluate(name, inside, outside, "{}", Distance::chi_squared),
                         "training example 2 has the value -1 in dimension 1; the distance "
                         "\"chi_squared\" compares histograms, whose values are 0 or above",
                         Error);
  }
}

}  // namespace
