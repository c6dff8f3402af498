// SPDX-License-Identifier: BSD-3-Clause
// Losses of positive pairs with all their negatives, and weighted triplets: against values and
// gradients of an independent implementation, and against plain formulations over every tuple.
#include <cmath>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/tuple_loss.hpp>
#include <metriclab/plugin/file.hpp>
#include <numbers>

#include "reference.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;
using Json = nlohmann::json;

/// Losses made of angles have no other distance.
void on_angles(Json& block, const Json&) {
  block.erase("distance");
  block.erase("normalize_embeddings");
}

TEST_CASE("angular: reference values, of negatives that are not normalised") {
  check_cases({.file = "AngularLoss",
               .loss = "angular",
               .parameters = {{"alpha", "alpha"}},
               .defaults = {{"alpha", 40}},
               .adapt = [](Json& block, const Json&) {
                 block["distance"] = "dot";
                 block["normalize_negatives"] = false;
               }});
}

TEST_CASE("lifted_structure: reference values") {
  check_cases({.file = "LiftedStructureLoss",
               .loss = "lifted_structure",
               .parameters = {{"neg_margin", "negative_margin"}, {"pos_margin", "positive_margin"}},
               .defaults = {{"negative_margin", 1}, {"positive_margin", 0}},
               // There, margins on a cosine are similarities; here, distances, 1 − cosine.
               .adapt = [](Json& block, const Json& is) {
                 if (is["distance"]["name"] == "CosineSimilarity")
                   for (const char* margin : {"positive_margin", "negative_margin"})
                     block[margin] = 1 - block[margin].get<double>();
               }});
}

TEST_CASE("tuplet_margin: reference values") {
  check_cases({.file = "TupletMarginLoss",
               .loss = "tuplet_margin",
               .parameters = {{"margin", "margin"}, {"scale", "scale"}},
               .defaults = {{"margin", 5.73}, {"scale", 64}},
               .adapt = on_angles});
}

using Values = std::vector<at::Tensor>;

/// Cosines and Euclidean distances of normalised embeddings by their definitions, with autograd.
struct Plain {
  at::Tensor x;  // the embeddings, a leaf
  at::Tensor cosine, distance;
  std::vector<std::int64_t> labels;
  std::int64_t n;

  explicit Plain(const Batch& batch)
      : x(batch.embeddings.detach().clone().requires_grad_(true)),
        labels(as_indices(batch.labels)),
        n(batch.labels.size(0)) {
    const at::Tensor unit = x.div(x.square().sum(1, true).sqrt());
    cosine = unit.matmul(unit.t());
    // A root of 0 has no gradient, and no pair is of an example with itself.
    distance = unit.unsqueeze(1).sub(unit.unsqueeze(0)).square().sum(2);
    distance = distance.add(distance.detach().new_ones({n}).diag()).sqrt();
  }
  bool is_positive(std::int64_t i, std::int64_t j) const { return i != j && label(i) == label(j); }
  bool is_negative(std::int64_t i, std::int64_t j) const { return label(i) != label(j); }
  std::int64_t label(std::int64_t i) const { return labels[static_cast<std::size_t>(i)]; }
};

at::Tensor total(const Plain& plain, const Values& terms) {
  at::Tensor sum = plain.x.detach().new_zeros({});
  for (const at::Tensor& term : terms) sum = sum.add(term);
  return sum;
}
at::Tensor mean(const Plain& plain, const Values& terms) {
  return total(plain, terms).div(std::max<double>(1, static_cast<double>(terms.size())));
}

/// The pairs and triplets that a plain formulation runs over.
struct Chosen {
  std::vector<std::array<std::int64_t, 2>> positives, negatives;
  std::vector<std::array<std::int64_t, 3>> triplets;
};
Chosen all_of(const Plain& is) {
  Chosen chosen;
  for (std::int64_t i = 0; i < is.n; ++i)
    for (std::int64_t j = 0; j < is.n; ++j) {
      if (is.is_positive(i, j)) chosen.positives.push_back({i, j});
      if (is.is_negative(i, j)) chosen.negatives.push_back({i, j});
      for (std::int64_t k = 0; k < is.n; ++k)
        if (is.is_positive(i, j) && is.is_negative(i, k)) chosen.triplets.push_back({i, j, k});
    }
  return chosen;
}

/// Each case of a file of reference values, with its batch.
template <class F>
void for_each_case(const std::string& name, F visit) {
  const auto folder = deep_reference();
  if (!folder) {
    MESSAGE("skipped: no reference values on this machine");
    return;
  }
  const Json file = Json::parse(read_file(*folder / "losses" / (name + ".json")));
  for (const Json& is : file["cases"]) visit(is, reference_batch(*folder));
}
/// That a plain formulation has the value and the gradient of a reference case.
void check_reference(const Json& is, const Plain& plain, const at::Tensor& value) {
  const double expected = is["loss"];
  CHECK(std::abs(value.item<double>() - expected) < 1e-10 * std::max(1.0, std::abs(expected)));
  CHECK(largest_difference(
            gradients_of(value, {plain.x})[0],
            read_tensor(*deep_reference() / is["grad_embeddings"].get<std::string>())) < 1e-10);
}

using Formula = std::function<at::Tensor(const Plain&, const Chosen&)>;

void check_same(const std::string& json, const Batch& batch, const Tuples& tuples,
                const Chosen& chosen, const Formula& formula) {
  const Plain plain(batch);
  const at::Tensor expected = formula(plain, chosen);
  const auto loss = make_loss(json);
  loss->prepare(law_setting(4, batch.embeddings.size(1)));
  const Outcome outcome = evaluate(*loss, batch, tuples);
  CHECK(outcome.value == doctest::Approx(expected.item<double>()).epsilon(1e-12));
  CHECK(largest_difference(outcome.embeddings, gradients_of(expected, {plain.x})[0]) < 1e-11);
}

/// The shipped loss against a formula, value and gradient: over all tuples, triplets, pairs.
void check_plain(const std::string& json, const Formula& formula) {
  CAPTURE(json);
  const std::vector<std::int64_t> labels = {0, 1, 2, 0, 1, 0, 3, 2, 2, 0, 1, 1};
  for (const std::uint64_t seed : {41, 42, 43})
    for (const std::vector<std::int64_t>& of : {labels, {0, 0, 0, 0, 0, 1, 0, 0, 2, 0, 2, 1}}) {
      const Batch batch = law_batch(of, 4, seed);
      check_same(json, batch, Tuples::all(), all_of(Plain(batch)), formula);
    }
  const Batch batch = law_batch(labels, 4, 44);
  check_same(json, batch,
             Tuples::triplets(integers({0, 0, 0, 1, 9}), integers({3, 3, 5, 4, 0}),
                              integers({1, 2, 2, 0, 7})),
             {.positives = {{0, 3}, {0, 5}, {1, 4}, {9, 0}},
              .negatives = {{0, 1}, {0, 2}, {1, 0}, {9, 7}},
              .triplets = {{0, 3, 1}, {0, 3, 2}, {0, 5, 2}, {1, 4, 0}, {9, 0, 7}}},
             formula);
  check_same(json, batch,
             Tuples::pairs(integers({0, 0, 1}), integers({3, 5, 4}), integers({0, 0, 1, 3}),
                           integers({1, 2, 0, 1})),
             {.positives = {{0, 3}, {0, 5}, {1, 4}},
              .negatives = {{0, 1}, {0, 2}, {1, 0}, {3, 1}},
              .triplets = {{0, 3, 1}, {0, 3, 2}, {0, 5, 1}, {0, 5, 2}, {1, 4, 0}}},
             formula);
}

TEST_CASE("lifted_structure by its formula") {
  check_plain(
      R"({"plugin": "lifted_structure", "negative_margin": 0.7, "positive_margin": 0.4})",
      [](const Plain& is, const Chosen& chosen) {
        Values terms;
        for (const auto& [i, j] : chosen.positives) {
          Values far;
          for (const auto& [a, k] : chosen.negatives)
            if (a == i || a == j) far.push_back(is.distance[a][k].neg().add(0.7).exp());
          terms.push_back(
              total(is, far).log().add(is.distance[i][j]).sub(0.4).clamp_min(0).square().mul(0.5));
        }
        return mean(is, terms);
      });
}

TEST_CASE("lifted_structure: without negatives, and against a reference set") {
  const auto loss = make_loss(R"("lifted_structure")");
  CHECK(evaluate(*loss, law_batch({1, 1, 1}, 4, 45)).value == 0);
  // The rows of a reference set are other sides only: their own negatives don't count.
  Batch batch = law_batch({0, 1}, 4, 46);
  batch.reference = random_rows(3, 4, 47);
  batch.reference_labels = integers({0, 1, 1});
  const at::Tensor x = normalized_rows(batch.embeddings), y = normalized_rows(batch.reference);
  auto d = [&](int i, int j) { return x[i].sub(y[j]).norm().item<double>(); };
  auto term = [](double far, double near) {
    return std::pow(std::max(0.0, std::log(far) + near), 2) / 2;
  };
  const double first = std::exp(1 - d(0, 1)) + std::exp(1 - d(0, 2)),
               second = std::exp(1 - d(1, 0));
  CHECK(evaluate(*loss, batch).value ==
        doctest::Approx((term(first, d(0, 0)) + term(second, d(1, 1)) + term(second, d(1, 2))) / 3)
            .epsilon(1e-12));
}

TEST_CASE("tuplet_margin by its formula") {
  check_plain(R"({"plugin": "tuplet_margin", "margin": 8, "scale": 10})", [](const Plain& is,
                                                                             const Chosen& chosen) {
    Values terms;
    for (const auto& [i, j] : chosen.positives) {
      const at::Tensor near = is.cosine[i][j].acos().sub(8 * std::numbers::pi / 180).cos();
      Values far;
      for (const auto& [a, k] : chosen.negatives)
        if (a == i) far.push_back(is.cosine[i][k].sub(near).mul(10).exp());
      terms.push_back(total(is, far).log1p());
    }
    return mean(is, terms);
  });
}

TEST_CASE("tuplet_margin: embeddings that coincide have a finite gradient") {
  for (const at::ScalarType type : {at::kDouble, at::kFloat}) {
    Batch batch = law_batch({0, 0, 1, 1, 2, 2}, 4, 48, type);
    batch.embeddings.select(0, 1).copy_(batch.embeddings.select(0, 0));
    batch.embeddings.select(0, 3).copy_(batch.embeddings.select(0, 2)).neg_();
    const auto loss = make_loss(R"("tuplet_margin")");
    const Outcome outcome = evaluate(*loss, batch);
    CHECK(std::isfinite(outcome.value));
    CHECK(outcome.embeddings.isfinite().all().item<bool>());
    CHECK(outcome.embeddings.abs().max().item<double>() < 1e3);
  }
}

/// `far`: the similarities of anchors (rows) with negatives (columns).
at::Tensor angular(const Plain& is, const Chosen& chosen, double alpha, const at::Tensor& far) {
  const double square = std::pow(std::tan(alpha * std::numbers::pi / 180), 2);
  Values terms;
  for (const auto& [a, p] : chosen.positives) {
    Values powers;
    for (std::int64_t k = 0; k < is.n; ++k)
      if (is.is_negative(a, k))
        powers.push_back(
            far[a][k].add(far[p][k]).mul(4 * square).sub(is.cosine[a][p], 2 * (1 + square)).exp());
    terms.push_back(total(is, powers).log1p());
  }
  return mean(is, terms);
}

TEST_CASE("angular by its formula, whatever negatives are given") {
  for (const double alpha : {30.0, 50.0})
    check_plain(R"({"plugin": "angular", "alpha": )" + std::to_string(alpha) + "}",
                [alpha](const Plain& is, const Chosen& chosen) {
                  return angular(is, chosen, alpha, is.cosine);
                });
  check_plain(
      R"({"plugin": "angular", "distance": "dot", "normalize_negatives": false, "alpha": 20})",
      [](const Plain& is, const Chosen& chosen) {
        return angular(is, chosen, 20, is.cosine.mul(is.x.square().sum(1).sqrt()));
      });
}

TEST_CASE("selectively_contrastive_triplet by its formula") {
  for (const double temperature : {1.0, 0.1})
    check_plain(R"({"plugin": "selectively_contrastive_triplet", "lambda": 0.7, "temperature": )" +
                    std::to_string(temperature) + "}",
                [temperature](const Plain& is, const Chosen& chosen) {
                  Values terms;
                  for (const auto& [a, p, k] : chosen.triplets) {
                    const at::Tensor near = is.cosine[a][p], far = is.cosine[a][k];
                    if (far.item<double>() > near.item<double>()) {
                      terms.push_back(far.mul(0.7));
                      continue;
                    }
                    const at::Tensor above = near.div(temperature).exp();
                    terms.push_back(above.div(above.add(far.div(temperature).exp())).log().neg());
                  }
                  return mean(is, terms);
                });
}

/// A histogram of 9 knots from −2 to 2 of the triplets' differences of distances.
std::vector<double> histogram_of(const Plain& is, const Chosen& chosen) {
  std::vector<double> histogram(9, 0);
  for (const auto& [a, p, k] : chosen.triplets) {
    const double x = is.distance[a][p].sub(is.distance[a][k]).item<double>();
    for (int knot = 0; knot < 9; ++knot)
      histogram[static_cast<std::size_t>(knot)] +=
          std::max(0.0, 1 - std::abs(x - (-2 + 0.5 * knot)) / 0.5) /
          static_cast<double>(chosen.triplets.size());
  }
  return histogram;
}
/// The loss where that is the running histogram.
at::Tensor weighted(const Plain& is, const Chosen& chosen, const std::vector<double>& histogram) {
  Values terms;
  for (const auto& [a, p, k] : chosen.triplets) {
    const at::Tensor x = is.distance[a][p].sub(is.distance[a][k]);
    double weight = 0;
    for (int knot = 0; knot < 9; ++knot)
      if (-2 + 0.5 * knot <= x.item<double>()) weight += histogram[static_cast<std::size_t>(knot)];
    terms.push_back(x.mul(weight));
  }
  return mean(is, terms);
}

TEST_CASE("dynamic_soft_margin by its formula") {
  check_plain(R"({"plugin": "dynamic_soft_margin", "num_bins": 9})",
              [](const Plain& is, const Chosen& chosen) {
                return weighted(is, chosen, histogram_of(is, chosen));
              });
}

TEST_CASE("dynamic_soft_margin: reference values, and a histogram without gradient") {
  for_each_case("DynamicSoftMarginLoss", [](const Json& is, const Batch& batch) {
    const auto expected = is["histogram_after"].get<std::vector<double>>();
    // There, the knots end one before 2.
    const auto n_knots = static_cast<std::int64_t>(expected.size()) + 1;
    const Json block = {{"plugin", "dynamic_soft_margin"}, {"num_bins", n_knots}};
    const auto loss = make_loss(block.dump());
    loss->prepare(law_setting(5, 16));
    const Tuples tuples = tuples_of(is);
    const Outcome outcome = evaluate(*loss, batch, tuples);
    CHECK(std::abs(outcome.value - is["loss"].get<double>()) < 1e-10);
    const at::Tensor histogram = loss->buffers().at(0).tensor;
    for (std::size_t k = 0; k < expected.size(); ++k)
      CHECK(std::abs(histogram[static_cast<std::int64_t>(k)].item<double>() - expected[k]) < 1e-12);

    // There, the gradient runs through the histogram too: it is that of the formula whose weights
    // are no constants. (That ours is the one whose weights are, the formula below says.)
    const Plain plain(batch);
    Chosen chosen = all_of(plain);
    if (tuples.form == Tuples::Form::triplets) {
      const auto a = as_indices(tuples.anchor), p = as_indices(tuples.positive),
                 q = as_indices(tuples.negative);
      chosen.triplets.clear();
      for (std::size_t k = 0; k < a.size(); ++k) chosen.triplets.push_back({a[k], p[k], q[k]});
    }
    std::vector<std::int64_t> near, far;
    for (const auto& [a, p, q] : chosen.triplets) {
      near.push_back(a * plain.n + p);
      far.push_back(a * plain.n + q);
    }
    const at::Tensor d = plain.distance.flatten(),
                     x = d.index_select(0, integers(near)).sub(d.index_select(0, integers(far)));
    const at::Tensor place = x.add(2).mul(static_cast<double>(n_knots - 1) / 4).unsqueeze(1),
                     knots = x.detach().new_ones({n_knots}).cumsum(0).sub(1);
    const at::Tensor running = place.sub(knots).abs().neg().add(1).clamp_min(0).mean(0).cumsum(0);
    const at::Tensor weights =
        running.index_select(0, place.detach().floor().to(at::kLong).flatten());
    check_reference(is, plain, weights.mul(x).mean());
  });
}

TEST_CASE("dynamic_soft_margin: the histogram runs on over many batches, and rests without any") {
  const auto loss =
      make_loss(R"({"plugin": "dynamic_soft_margin", "num_bins": 9, "momentum": 0.2})");
  loss->prepare(law_setting(4, 4));
  std::vector<double> running;
  for (std::uint64_t step = 0; step < 30; ++step) {
    if (step == 0 || step == 7) {
      // Neither a batch of one class nor the very first without triplets leave a trace.
      CHECK(evaluate(*loss, law_batch({0, 0}, 4, step)).value == 0);
    }
    const Batch batch = law_batch({0, 1, 2, 0, 1, 0, 2}, 4, 50 + step);
    const Plain plain(batch);
    const Chosen chosen = all_of(plain);
    const std::vector<double> is = histogram_of(plain, chosen);
    if (running.empty()) running = is;
    for (std::size_t k = 0; k < is.size(); ++k) running[k] = 0.8 * running[k] + 0.2 * is[k];
    const at::Tensor expected = weighted(plain, chosen, running);
    const Outcome outcome = evaluate(*loss, batch);
    CHECK(outcome.value == doctest::Approx(expected.item<double>()).epsilon(1e-12));
    CHECK(largest_difference(outcome.embeddings, gradients_of(expected, {plain.x})[0]) < 1e-12);
  }
}

TEST_CASE("triplet terms have every reducer, in the kernel as in tensor operations") {
  const Batch batch = law_batch({0, 1, 2, 0, 1, 0, 3, 2, 2, 0, 1, 1}, 4, 49);
  for (const char* name : {"selectively_contrastive_triplet", "dynamic_soft_margin", "angular",
                           "lifted_structure", "tuplet_margin"})
    for (const char* reducer :
         {R"("sum")", R"("avg_non_zero")", R"({"plugin": "per_anchor", "reducer": "avg_non_zero"})",
          R"({"plugin": "threshold", "low": 0.1, "high": 0.7})",
          R"({"plugin": "class_weighted", "weights": [1, 0, 2.5, 3]})"}) {
      CAPTURE(name);
      CAPTURE(reducer);
      const std::string json =
          std::string(R"({"plugin": ")") + name + R"(", "reducer": )" + reducer + "}";
      const auto fused = make_loss(json), plain = make_loss(json);
      fused->prepare(law_setting(4, 4));
      plain->prepare(law_setting(4, 4));
      const at::Tensor x = batch.embeddings.clone().requires_grad_(true);
      Batch recorded = batch;
      recorded.embeddings = x;
      const at::Tensor value =
          dynamic_cast<TupleLoss&>(*plain).forward_in_tensors(recorded, Tuples::all());
      const Outcome outcome = evaluate(*fused, batch);
      CHECK(outcome.value == doctest::Approx(value.item<double>()).epsilon(1e-12));
      CHECK(largest_difference(outcome.embeddings, gradients_or_zeros(value, {x})[0]) < 1e-11);
    }
}

}  // namespace
