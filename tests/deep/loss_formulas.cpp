// SPDX-License-Identifier: BSD-3-Clause
// The fused kernels against plain formulations that list every tuple.
#include <cmath>
#include <functional>
#include <metriclab/deep/anchors.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

const std::vector<std::int64_t> kLabels = {0, 1, 2, 0, 1, 0, 3, 2, 2, 0, 1, 1};

struct Plain {
  std::vector<std::vector<double>> d;  // Euclidean, of normalised embeddings
  std::vector<std::int64_t> labels;
  std::size_t n;

  explicit Plain(const Batch& batch, bool squared = false)
      : labels(as_indices(batch.labels)), n(labels.size()) {
    const std::int64_t dimensions = batch.embeddings.size(1);
    std::vector<std::vector<double>> unit;
    for (std::size_t i = 0; i < n; ++i) {
      const double* row =
          batch.embeddings.data_ptr<double>() + static_cast<std::int64_t>(i) * dimensions;
      std::vector<double> x(row, row + dimensions);
      double length = 0;
      for (double v : x) length += v * v;
      for (double& v : x) v /= std::sqrt(length);
      unit.push_back(x);
    }
    d.assign(n, std::vector<double>(n));
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        double sum = 0;
        for (std::size_t k = 0; k < unit[i].size(); ++k)
          sum += (unit[i][k] - unit[j][k]) * (unit[i][k] - unit[j][k]);
        d[i][j] = squared ? sum : std::sqrt(sum);
      }
  }
  bool positive(std::size_t i, std::size_t j) const { return i != j && labels[i] == labels[j]; }
  bool negative(std::size_t i, std::size_t j) const { return labels[i] != labels[j]; }
  template <class F>
  void for_each_triplet(F f) const {
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t p = 0; p < n; ++p)
        for (std::size_t q = 0; q < n; ++q)
          if (positive(i, p) && negative(i, q)) f(i, p, q);
  }
};

Tuples all_triplets(const Plain& plain) {
  std::vector<std::int64_t> a, p, q;
  plain.for_each_triplet([&](std::size_t i, std::size_t j, std::size_t k) {
    a.push_back(static_cast<std::int64_t>(i));
    p.push_back(static_cast<std::int64_t>(j));
    q.push_back(static_cast<std::int64_t>(k));
  });
  return Tuples::triplets(integers(a), integers(p), integers(q));
}

struct Mean {
  double low = 0, sum = 0, n = 0;
  void add(double term) {
    if (term > low) sum += term, n += 1;
  }
  double value() const { return n > 0 ? sum / n : 0; }
};

TEST_CASE("triplet: sorted and summed, or each one listed, by the formula") {
  std::vector<std::int64_t> labels = kLabels;
  SUBCASE("few positives") {}
  SUBCASE("many positives") { labels = {0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 3, 1, 2, 3, 3}; }
  const Batch batch = random_batch(labels, 4, 21);
  const Plain plain(batch);
  const std::vector<std::pair<bool, bool>> variants = {
      {false, false}, {true, false}, {false, true}, {true, true}};
  for (const auto& [swap, smooth] : variants) {
    CAPTURE(swap);
    CAPTURE(smooth);
    Mean expected;
    plain.for_each_triplet(
        [&, swap = swap, smooth = smooth](std::size_t i, std::size_t p, std::size_t q) {
          const double t =
              plain.d[i][p] - (swap ? std::min(plain.d[i][q], plain.d[p][q]) : plain.d[i][q]) + 0.3;
          expected.add(smooth ? std::log(1 + std::exp(t)) : std::max(t, 0.0));
        });
    const auto loss =
        make_loss(std::string(R"({"plugin": "triplet", "margin": 0.3, "swap": )") +
                  (swap ? "true" : "false") + ", \"smooth\": " + (smooth ? "true}" : "false}"));
    const Outcome all = evaluate(*loss, batch),
                  listed = evaluate(*loss, batch, all_triplets(plain));
    CHECK(all.value == doctest::Approx(expected.value()).epsilon(1e-12));
    CHECK(listed.value == doctest::Approx(expected.value()).epsilon(1e-12));
    CHECK(largest_difference(all.embeddings, listed.embeddings) < 1e-13);
  }
}

TEST_CASE("triplet: every reducer gives over all triplets what it gives over the list of them") {
  std::vector<std::int64_t> labels = kLabels;
  // Anchors of many positives have their triplets summed in another way than those of few.
  SUBCASE("few positives") {}
  SUBCASE("many positives") { labels = {0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 3, 1, 2, 3, 3}; }
  const Batch batch = random_batch(labels, 4, 22);
  const Plain plain(batch);
  for (
      const char* reducer :
      {R"("mean")", R"("sum")", R"("avg_non_zero")", R"("divisor")", R"("per_anchor")",
       R"({"plugin": "per_anchor", "reducer": "avg_non_zero"})",
       R"({"plugin": "threshold", "low": 0.1, "high": 0.4})",
       R"({"plugin": "threshold", "low": null, "high": 0.2})",
       R"({"plugin": "class_weighted", "weights": [1, 0, 2.5, 3]})",
       R"({"plugin": "per_anchor", "reducer": {"plugin": "threshold", "low": 0.05, "high": 0.3}})"}) {
    CAPTURE(reducer);
    const auto loss = make_loss(std::string(R"({"plugin": "triplet", "margin": 0.3, "reducer": )") +
                                reducer + "}");
    const Outcome all = evaluate(*loss, batch),
                  listed = evaluate(*loss, batch, all_triplets(plain));
    CHECK(all.value > 0);
    CHECK(all.value == doctest::Approx(listed.value).epsilon(1e-12));
    CHECK(largest_difference(all.embeddings, listed.embeddings) < 1e-12);
  }
}

TEST_CASE("triplet: pairs given are joined on their anchor") {
  const Batch batch = random_batch(kLabels, 4, 23);
  const auto loss = make_loss(R"("triplet")");
  const Tuples pairs = Tuples::pairs(integers({0, 0, 1}), integers({3, 5, 4}), integers({0, 0, 2}),
                                     integers({1, 2, 0}));
  const Tuples triplets =
      Tuples::triplets(integers({0, 0, 0, 0}), integers({3, 3, 5, 5}), integers({1, 2, 1, 2}));
  const Outcome joined = evaluate(*loss, batch, pairs), listed = evaluate(*loss, batch, triplets);
  CHECK(joined.value == doctest::Approx(listed.value).epsilon(1e-12));
  CHECK(largest_difference(joined.embeddings, listed.embeddings) < 1e-13);
}

TEST_CASE("contrastive: triplets given count as their different pairs") {
  const Batch batch = random_batch(kLabels, 4, 24);
  const auto loss = make_loss(R"({"plugin": "contrastive", "negative_margin": 1.6})");
  const Tuples triplets =
      Tuples::triplets(integers({0, 0, 0}), integers({3, 3, 5}), integers({1, 2, 1}));
  const Tuples pairs =
      Tuples::pairs(integers({0, 0}), integers({3, 5}), integers({0, 0}), integers({1, 2}));
  const Outcome first = evaluate(*loss, batch, triplets), second = evaluate(*loss, batch, pairs);
  CHECK(first.value == doctest::Approx(second.value).epsilon(1e-12));
  CHECK(largest_difference(first.embeddings, second.embeddings) < 1e-13);
}

TEST_CASE("contrastive: the paper's squares") {
  const Batch batch = random_batch(kLabels, 4, 25);
  const Plain plain(batch);
  Mean positive, negative;
  for (std::size_t i = 0; i < plain.n; ++i)
    for (std::size_t j = 0; j < plain.n; ++j) {
      if (plain.positive(i, j)) positive.add(plain.d[i][j] * plain.d[i][j] / 2);
      if (plain.negative(i, j)) negative.add(std::pow(std::max(1.2 - plain.d[i][j], 0.0), 2) / 2);
    }
  const auto loss =
      make_loss(R"({"plugin": "contrastive", "squared": true, "negative_margin": 1.2})");
  CHECK(evaluate(*loss, batch).value ==
        doctest::Approx(positive.value() + negative.value()).epsilon(1e-12));
}

TEST_CASE("quadruplet: all of them listed, by the formula") {
  const Batch batch = random_batch(kLabels, 4, 26);
  const Plain plain(batch, true);
  for (const char* reducer : {"avg_non_zero", "mean", "per_anchor"}) {
    CAPTURE(reducer);
    const bool kept_only = std::string(reducer) == "avg_non_zero",
               by_anchor = std::string(reducer) == "per_anchor";
    Mean first, second;
    if (!kept_only) first.low = second.low = -1;
    for (std::size_t i = 0; i < plain.n; ++i) {
      Mean first_of_anchor{.low = -1}, second_of_anchor{.low = -1};
      Mean& to_first = by_anchor ? first_of_anchor : first;
      Mean& to_second = by_anchor ? second_of_anchor : second;
      for (std::size_t j = 0; j < plain.n; ++j) {
        if (!plain.positive(i, j)) continue;
        for (std::size_t k = 0; k < plain.n; ++k) {
          if (plain.negative(i, k))
            to_first.add(std::max(plain.d[i][j] - plain.d[i][k] + 0.7, 0.0));
          for (std::size_t l = 0; l < plain.n; ++l)
            if (plain.negative(l, k) && plain.negative(i, l) && plain.negative(i, k))
              to_second.add(std::max(plain.d[i][j] - plain.d[l][k] + 0.2, 0.0));
        }
      }
      if (by_anchor) {
        first.add(first_of_anchor.value());
        second.add(second_of_anchor.value());
      }
    }
    const auto loss = make_loss(
        std::string(
            R"({"plugin": "quadruplet", "margin": 0.7, "second_margin": 0.2, "reducer": ")") +
        reducer + "\"}");
    CHECK(evaluate(*loss, batch).value ==
          doctest::Approx(first.value() + second.value()).epsilon(1e-12));
  }
}

TEST_CASE(
    "ntxent: Eq. 1 of SimCLR for two examples of each class, without overflow at a small "
    "temperature") {
  Batch batch = random_batch({0, 0, 1, 1, 2, 2}, 4, 27);
  batch.labels = integers({0, 0, 1, 1, 2, 2});
  const at::Tensor unit = batch.embeddings.div(batch.embeddings.norm(2, {1}, true));
  const at::Tensor s = unit.matmul(unit.t()).contiguous();
  const double* similarity = s.data_ptr<double>();
  for (const double temperature : {0.5, 0.0005}) {
    double expected = 0;
    for (int i = 0; i < 6; ++i) {
      const int partner = i ^ 1;
      double sum = 0;
      for (int k = 0; k < 6; ++k)
        if (k != i)
          sum += std::exp((similarity[i * 6 + k] - similarity[i * 6 + partner]) / temperature);
      expected += std::log(sum) / 6;
    }
    const auto loss =
        make_loss("{\"plugin\": \"ntxent\", \"temperature\": " + std::to_string(temperature) + "}");
    const Outcome outcome = evaluate(*loss, batch);
    if (std::isfinite(expected)) CHECK(outcome.value == doctest::Approx(expected).epsilon(1e-10));
    CHECK(std::isfinite(outcome.value));
    CHECK(outcome.embeddings.isfinite().all().item<bool>());
  }
}

TEST_CASE("multi_similarity: each anchor's term has the weight of its class") {
  const Batch batch = random_batch(kLabels, 4, 28);
  const Plain plain(batch, true);  // the cosine is 1 − d / 2
  const std::vector<double> weights = {0.5, 2, 0, 1};
  double expected = 0;
  for (std::size_t i = 0; i < plain.n; ++i) {
    double positive = 1, negative = 1;
    for (std::size_t j = 0; j < plain.n; ++j) {
      const double s = 1 - plain.d[i][j] / 2;
      if (plain.positive(i, j)) positive += std::exp(-2 * (s - 0.4));
      if (plain.negative(i, j)) negative += std::exp(10 * (s - 0.4));
    }
    expected += weights[static_cast<std::size_t>(plain.labels[i])] *
                (std::log(positive) / 2 + std::log(negative) / 10);
  }
  const auto loss = make_loss(R"({"plugin": "multi_similarity", "alpha": 2, "beta": 10, "base": 0.4,
                                  "reducer": {"plugin": "class_weighted", "weights": [0.5, 2, 0, 1]}})");
  CHECK(evaluate(*loss, batch).value == doctest::Approx(expected / 12).epsilon(1e-12));
}

}  // namespace
