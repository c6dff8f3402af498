// SPDX-License-Identifier: BSD-3-Clause
// The fused kernels against plain formulations that list every tuple.
#include <cmath>
#include <functional>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/tuple_loss.hpp>

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

/// How terms become one number, as the reducers say it.
struct Rule {
  std::string json;
  double low = -1, high = 1e9;  // of all terms, or with `per_anchor` of the anchors' means
  bool kept_only = false, sum = false, per_anchor = false;
  std::vector<double> weights = {};

  at::Tensor operator()(at::Tensor terms, at::Tensor anchors, const at::Tensor& labels) const {
    const std::int64_t n = labels.size(0);
    const auto of_anchors = [&](const at::Tensor& values) {
      return values.new_zeros({n}).index_add(0, anchors, values);
    };
    double all = static_cast<double>(terms.size(0));
    at::Tensor there = terms.detach().new_ones(terms.sizes());
    if (per_anchor) {
      const at::Tensor counts = of_anchors(there);
      terms = of_anchors(terms).div(counts.clamp_min(1));
      there = counts.gt(0);
      anchors = integers([&] {
        std::vector<std::int64_t> numbers;
        for (std::int64_t i = 0; i < n; ++i) numbers.push_back(i);
        return numbers;
      }());
      all = static_cast<double>(n);
    }
    const at::Tensor kept =
        there.mul(terms.detach().gt(low)).mul(terms.detach().lt(high)).to(at::kDouble);
    at::Tensor weight = kept;
    if (!weights.empty()) {
      const at::Tensor by_class =
          terms.detach().new_empty({static_cast<std::int64_t>(weights.size())});
      std::copy(weights.begin(), weights.end(), by_class.data_ptr<double>());
      weight = kept.mul(by_class.index_select(0, labels.index_select(0, anchors)));
    }
    const double divisor = sum ? 1 : kept_only ? kept.sum().item<double>() : all;
    return terms.mul(weight).sum().div(std::max(divisor, 1.0));
  }
};

const std::vector<Rule> kRules = {
    {.json = R"("mean")"},
    {.json = R"("sum")", .sum = true},
    {.json = R"("avg_non_zero")", .low = 0, .kept_only = true},
    {.json = R"("divisor")"},
    {.json = R"("per_anchor")", .per_anchor = true},
    {.json = R"({"plugin": "per_anchor", "reducer": "avg_non_zero"})",
     .low = 0,
     .kept_only = true,
     .per_anchor = true},
    {.json = R"({"plugin": "threshold", "low": 0.1, "high": 0.8})",
     .low = 0.1,
     .high = 0.8,
     .kept_only = true},
    {.json = R"({"plugin": "threshold", "low": null, "high": 0.5})",
     .high = 0.5,
     .kept_only = true},
    {.json = R"({"plugin": "class_weighted", "weights": [1, 0, 2.5, 3, 2]})",
     .weights = {1, 0, 2.5, 3, 2}},
    {.json =
         R"({"plugin": "per_anchor", "reducer": {"plugin": "threshold", "low": 0.05, "high": 0.7}})",
     .low = 0.05,
     .high = 0.7,
     .kept_only = true,
     .per_anchor = true}};

using Pair = std::pair<std::int64_t, std::int64_t>;

/// Eq. 5 of Chen et al., each tuple listed, by autograd; with `adaptive` its margins are those of
/// Eq. 6–7, which autograd doesn't go through.
at::Tensor plain_quadruplet(const Batch& batch, const std::vector<Pair>& positives,
                            const std::vector<Pair>& negatives, double margin, double second_margin,
                            bool adaptive, const Rule& rule) {
  const auto unit = [](const at::Tensor& x) { return x.div(x.norm(2, {1}, true)); };
  const at::Tensor d =
      unit(batch.embeddings).unsqueeze(1).sub(unit(batch.others()).unsqueeze(0)).square().sum(2);
  const auto values = [&](const std::vector<Pair>& pairs) {
    std::vector<std::int64_t> cells;
    for (const auto& [i, j] : pairs) cells.push_back(i * d.size(1) + j);
    return d.reshape({-1}).index_select(0, integers(cells));
  };
  const auto labels = as_indices(batch.labels), others = as_indices(batch.other_labels());
  const auto of = [](const std::vector<std::int64_t>& list, std::int64_t i) {
    return list[static_cast<std::size_t>(i)];
  };
  const at::Tensor near = values(positives), far = values(negatives);
  at::Tensor gap = near.new_ones({});
  if (adaptive) gap = far.detach().mean().sub(near.detach().mean());
  std::vector<std::int64_t> anchors[2], first[2], second[2];
  for (std::size_t p = 0; p < positives.size(); ++p)
    for (std::size_t q = 0; q < negatives.size(); ++q) {
      const std::int64_t i = positives[p].first;
      const auto [l, k] = negatives[q];
      for (const int which : {0, 1}) {
        if (which == 0 ? l != i : of(labels, l) == of(labels, i) || of(others, k) == of(labels, i))
          continue;
        anchors[which].push_back(i);
        first[which].push_back(static_cast<std::int64_t>(p));
        second[which].push_back(static_cast<std::int64_t>(q));
      }
    }
  at::Tensor loss = near.new_zeros({});
  for (const int which : {0, 1}) {
    const at::Tensor terms = near.index_select(0, integers(first[which]))
                                 .sub(far.index_select(0, integers(second[which])))
                                 .add(gap.mul(which == 0 ? margin : second_margin))
                                 .clamp_min(0);
    loss = loss.add(rule(terms, integers(anchors[which]), batch.labels));
  }
  return loss;
}

/// The kernel and the tensor operations, value and gradient, against the plain formulation.
void require_plain_quadruplet(const Batch& batch, const std::vector<Pair>& positives,
                              const std::vector<Pair>& negatives, const Tuples& tuples) {
  for (const Rule& rule : kRules)
    for (const bool adaptive : {false, true}) {
      CAPTURE(rule.json);
      CAPTURE(adaptive);
      const auto loss = make_loss(
          R"({"plugin": "quadruplet", "margin": 0.7, "second_margin": 0.2, "adaptive_margin": )" +
          std::string(adaptive ? "true" : "false") + ", \"reducer\": " + rule.json + "}");
      Batch own = batch;
      own.embeddings = batch.embeddings.detach().clone().requires_grad_(true);
      std::vector<at::Tensor> inputs = {own.embeddings};
      if (batch.has_reference()) {
        own.reference = batch.reference.detach().clone().requires_grad_(true);
        inputs.push_back(own.reference);
      }
      const at::Tensor expected =
          plain_quadruplet(own, positives, negatives, 0.7, 0.2, adaptive, rule);
      const auto due = gradients_of(expected, inputs);
      for (const bool fused : {true, false}) {
        CAPTURE(fused);
        const at::Tensor value =
            fused ? loss->forward(own, tuples)
                  : dynamic_cast<TupleLoss&>(*loss).forward_in_tensors(own, tuples);
        CHECK(value.item<double>() ==
              doctest::Approx(expected.item<double>()).epsilon(1e-12).scale(1));
        const auto got = gradients_of(value, inputs);
        for (std::size_t k = 0; k < inputs.size(); ++k)
          CHECK(largest_difference(got[k], due[k]) <
                1e-12 * std::max(1.0, due[k].abs().max().item<double>()));
      }
    }
}

/// All pairs that the labels allow, the row `own` of an anchor left out.
void all_pairs(const Batch& batch, const std::vector<std::int64_t>& own,
               std::vector<Pair>& positives, std::vector<Pair>& negatives) {
  const auto labels = as_indices(batch.labels), others = as_indices(batch.other_labels());
  for (std::size_t i = 0; i < labels.size(); ++i)
    for (std::size_t j = 0; j < others.size(); ++j) {
      const Pair pair(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j));
      if (labels[i] != others[j])
        negatives.push_back(pair);
      else if (own[i] != pair.second)
        positives.push_back(pair);
    }
}

TEST_CASE("quadruplet: every reducer and adaptive margins, each tuple listed") {
  std::vector<std::int64_t> labels = kLabels;
  SUBCASE("few positives") {}
  SUBCASE("many positives") { labels = {0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 3, 1, 2, 3, 3}; }
  SUBCASE("two classes, whose negative pairs touch both") { labels = {0, 1, 0, 1, 1}; }
  SUBCASE("a class alone") { labels = {4, 0, 4, 1}; }
  const Batch batch = random_batch(labels, 4, 41);
  std::vector<std::int64_t> own;
  for (std::size_t i = 0; i < labels.size(); ++i) own.push_back(static_cast<std::int64_t>(i));
  std::vector<Pair> positives, negatives;
  all_pairs(batch, own, positives, negatives);
  require_plain_quadruplet(batch, positives, negatives, Tuples::all());
}

TEST_CASE("quadruplet: a reference set, and one that has the anchors") {
  Batch batch = random_batch(kLabels, 4, 42);
  const Batch other = random_batch({2, 0, 4, 1, 1, 0, 2, 3, 0}, 4, 43);
  batch.reference = other.embeddings;
  batch.reference_labels = other.labels;
  std::vector<std::int64_t> own(kLabels.size(), -1);
  SUBCASE("apart") {}
  SUBCASE("with the anchors") {
    own[0] = 1, own[1] = 4, own[3] = 8;
    batch.own = integers(own);
  }
  std::vector<Pair> positives, negatives;
  all_pairs(batch, own, positives, negatives);
  require_plain_quadruplet(batch, positives, negatives, Tuples::all());
}

TEST_CASE(
    "quadruplet: pairs given, repeats included, and triplets given as their different pairs") {
  const Batch batch = random_batch(kLabels, 4, 44);
  const std::vector<Pair> positives = {{0, 3}, {0, 5}, {0, 3}, {1, 4}, {2, 8}, {9, 0}},
                          negatives = {{0, 1}, {0, 2}, {2, 0}, {1, 6}, {1, 6}, {6, 7}, {9, 11}};
  const auto tensor = [](const std::vector<Pair>& pairs, bool second) {
    std::vector<std::int64_t> values;
    for (const Pair& pair : pairs) values.push_back(second ? pair.second : pair.first);
    return integers(values);
  };
  require_plain_quadruplet(batch, positives, negatives,
                           Tuples::pairs(tensor(positives, false), tensor(positives, true),
                                         tensor(negatives, false), tensor(negatives, true)));
  require_plain_quadruplet(
      batch, {{0, 3}, {0, 5}, {1, 4}}, {{0, 1}, {0, 2}, {1, 6}},
      Tuples::triplets(integers({0, 0, 0, 1}), integers({3, 3, 5, 4}), integers({1, 2, 1, 6})));
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
