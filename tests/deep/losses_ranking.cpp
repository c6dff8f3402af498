// SPDX-License-Identifier: BSD-3-Clause
// Losses over a softmax of the batch and losses made of ranks: against values and gradients of an
// independent implementation, and against plain formulations.
#include <ATen/ops/eye.h>
#include <ATen/ops/log.h>
#include <ATen/ops/zeros.h>

#include <metriclab/deep/anchors.hpp>
#include <metriclab/plugin/file.hpp>

#include "reference.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;
using Json = nlohmann::json;

const Reference kSupCon{.file = "SupConLoss",
                        .loss = "supcon",
                        .parameters = {{"temperature", "temperature"}},
                        .defaults = {{"temperature", 0.1}}};

Json reference_file(const char* name) {
  return Json::parse(read_file(*deep_reference() / "losses" / name));
}

TEST_CASE("supcon: reference values") {
  check_cases(kSupCon);
  if (!deep_reference()) return;
  int checked = 0;
  const Json file = reference_file("_ref_emb.json");
  for (const Json& is : file["cases"])
    if (is["loss_name"] == kSupCon.file) {
      check_case(kSupCon, is);
      ++checked;
    }
  CHECK(checked == 1);
}
TEST_CASE("nca: reference values") {
  check_cases({.file = "NCALoss",
               .loss = "nca",
               .parameters = {{"softmax_scale", "softmax_scale"}},
               .defaults = {{"softmax_scale", 1}}});
}
TEST_CASE("instance: reference values, whose target is the row that the class's number names") {
  if (!deep_reference()) {
    MESSAGE("skipped: no reference values on this machine");
    return;
  }
  const Reference instance{.file = "InstanceLoss",
                           .loss = "instance",
                           .parameters = {{"gamma", "gamma"}},
                           .defaults = {{"gamma", 64}}};
  const std::vector<std::int64_t> labels =
      as_indices(read_tensor(*deep_reference() / "labels_B32.npy"));
  const auto n = static_cast<std::int64_t>(labels.size());
  std::vector<std::vector<std::int64_t>> pairs(4);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < n; ++j) {
      const std::size_t first = labels[static_cast<std::size_t>(i)] == j ? 0 : 2;
      pairs[first].push_back(i);
      pairs[first + 1].push_back(j);
    }
  const Json file = reference_file("InstanceLoss.json");
  for (Json is : file["cases"]) {
    is["indices_tuple"] = pairs;
    check_case(instance, is);
  }
}

/// What the plain formulations are made of: how embeddings compare, and which pairs there are.
struct Plain {
  at::Tensor x;  // (B × d), with gradient
  at::Tensor cosine, d,
      d2;  // (B × B): similarity; distance and its square, of normalised embeddings
  std::vector<std::int64_t> labels;
  std::vector<std::vector<std::int64_t>> positives, negatives;  // of each anchor

  std::int64_t n() const { return static_cast<std::int64_t>(labels.size()); }
  std::size_t n_positives(std::int64_t i) const {
    return positives[static_cast<std::size_t>(i)].size();
  }
  at::Tensor of(const at::Tensor& matrix, std::int64_t i,
                const std::vector<std::int64_t>& others) const {
    return matrix.select(0, i).index_select(0, integers(others));
  }
  /// The entries of a matrix at i's positives, at its negatives, and at both.
  at::Tensor near(const at::Tensor& matrix, std::int64_t i) const {
    return of(matrix, i, positives[static_cast<std::size_t>(i)]);
  }
  at::Tensor far(const at::Tensor& matrix, std::int64_t i) const {
    return of(matrix, i, negatives[static_cast<std::size_t>(i)]);
  }
  at::Tensor all(const at::Tensor& matrix, std::int64_t i) const {
    std::vector<std::int64_t> others = positives[static_cast<std::size_t>(i)];
    for (const std::int64_t j : negatives[static_cast<std::size_t>(i)]) others.push_back(j);
    return of(matrix, i, others);
  }
  /// The mean of a term over the anchors with positives.
  template <class Term>
  at::Tensor mean(Term term) const {
    at::Tensor sum = x.sum().mul(0);
    int n_terms = 0;
    for (std::int64_t i = 0; i < n(); ++i)
      if (n_positives(i) > 0) {
        sum = sum.add(term(i));
        ++n_terms;
      }
    return sum.div(std::max(1, n_terms));
  }
};

Plain plain_of(const Batch& batch, const Tuples& tuples) {
  Plain plain;
  plain.x = batch.embeddings.detach().clone().requires_grad_(true);
  const at::Tensor unit = plain.x.div(plain.x.square().sum(1, true).sqrt());
  plain.cosine = unit.matmul(unit.t());
  plain.d2 = unit.unsqueeze(1).sub(unit.unsqueeze(0)).square().sum(2);
  // No derivative is asked for on the diagonal.
  plain.d = plain.d2.add(at::eye(unit.size(0), unit.options())).sqrt();
  plain.labels = as_indices(batch.labels);
  const auto n = plain.labels.size();
  plain.positives.resize(n);
  plain.negatives.resize(n);
  if (tuples.form == Tuples::Form::all) {
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j)
        if (i != j)
          (plain.labels[i] == plain.labels[j] ? plain.positives : plain.negatives)[i].push_back(
              static_cast<std::int64_t>(j));
    return plain;
  }
  const bool is_pairs = tuples.form == Tuples::Form::pairs;
  auto put = [&](const at::Tensor& anchors, const at::Tensor& others, auto& to) {
    const std::vector<std::int64_t> anchor = as_indices(anchors), other = as_indices(others);
    for (std::size_t k = 0; k < anchor.size(); ++k) {
      auto& list = to[static_cast<std::size_t>(anchor[k])];
      if (is_pairs || std::find(list.begin(), list.end(), other[k]) == list.end())
        list.push_back(other[k]);
    }
  };
  put(is_pairs ? tuples.positive_anchor : tuples.anchor, tuples.positive, plain.positives);
  put(is_pairs ? tuples.negative_anchor : tuples.anchor, tuples.negative, plain.negatives);
  return plain;
}

const Tuples kTriplets = Tuples::triplets(integers({0, 0, 3, 2, 0}), integers({3, 5, 9, 7, 3}),
                                          integers({1, 2, 6, 0, 4}));
const Tuples kPairs =
    Tuples::pairs(integers({0, 5, 2, 0, 0}), integers({3, 9, 8, 5, 5}),
                  integers({0, 4, 2, 6, 1, 0, 5, 0}), integers({1, 3, 0, 2, 5, 4, 1, 4}));
const std::vector<std::vector<std::int64_t>> kBatches = {{0, 1, 2, 0, 1, 0, 3, 2, 2, 0},
                                                         {0, 1, 2, 0, 1, 0, 3, 2, 2, 0, 1, 1},
                                                         {0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2}};

/// The value and the gradient of `formula(plain)` against the shipped loss, over several batches,
/// and with tuples given.
template <class Formula>
void check_plain(const std::string& json, Formula formula, bool with_tuples = true) {
  CAPTURE(json);
  auto check = [&](const Batch& batch, const Tuples& tuples) {
    const auto loss = make_loss(json);
    loss->prepare(law_setting(4, batch.embeddings.size(1)));
    const Outcome outcome = evaluate(*loss, batch, tuples);
    const Plain plain = plain_of(batch, tuples);
    const at::Tensor expected = formula(plain);
    CHECK(outcome.value == doctest::Approx(expected.item<double>()).epsilon(1e-12));
    const at::Tensor gradient = gradients_or_zeros(expected, {plain.x})[0];
    CHECK(differs(outcome.embeddings, gradient, 1e-11, "the gradient") == "");
  };
  std::uint64_t seed = 40;
  for (const std::vector<std::int64_t>& labels : kBatches)
    check(law_batch(labels, 5, ++seed), Tuples::all());
  if (!with_tuples) return;
  check(law_batch(kBatches[0], 5, ++seed), kTriplets);
  check(law_batch(kBatches[0], 5, ++seed), kPairs);
}

at::Tensor log_sum_exp(const at::Tensor& z) { return z.exp().sum().log(); }

TEST_CASE("supcon by its formula") {
  for (const double temperature : {0.1, 0.7})
    check_plain(R"({"plugin": "supcon", "temperature": )" + std::to_string(temperature) + "}",
                [&](const Plain& plain) {
                  const at::Tensor z = plain.cosine.div(temperature);
                  return plain.mean([&](std::int64_t i) {
                    return plain.near(z, i).sub(log_sum_exp(plain.all(z, i))).mean().neg();
                  });
                });
}

TEST_CASE("nca by its formulas") {
  auto probability = [](const Plain& plain, std::int64_t i) {
    const at::Tensor e = plain.d2.mul(-3).exp();
    return plain.near(e, i).sum().div(plain.all(e, i).sum());
  };
  check_plain(R"({"plugin": "nca", "softmax_scale": 3})", [&](const Plain& plain) {
    return plain.mean([&](std::int64_t i) { return probability(plain, i).log().neg(); });
  });
  check_plain(
      R"({"plugin": "nca", "softmax_scale": 3, "objective": "expected"})", [&](const Plain& plain) {
        return plain.mean([&](std::int64_t i) { return probability(plain, i).neg().add(1); });
      });
}

TEST_CASE("instance by its formula") {
  check_plain(R"({"plugin": "instance", "gamma": 5})",
              [](const Plain& plain) {
                const at::Tensor z = plain.cosine.mul(5);
                at::Tensor sum = plain.x.sum().mul(0);
                for (std::int64_t i = 0; i < plain.n(); ++i) {
                  const std::int64_t own = plain.labels[static_cast<std::size_t>(i)];
                  std::vector<std::int64_t> targets;
                  for (std::int64_t j = 0; j < plain.n(); ++j)
                    if (plain.labels[static_cast<std::size_t>(j)] == own) targets.push_back(j);
                  sum = sum.add(log_sum_exp(z.select(0, i))).sub(plain.of(z, i, targets).mean());
                }
                return sum.div(plain.n());
              },
              false);
  // Tuples given have no place for the anchor itself.
  const Batch batch = law_batch(kBatches[0], 5, 50);
  const auto instance = make_loss(R"({"plugin": "instance", "gamma": 5})"),
             supcon = make_loss(R"({"plugin": "supcon", "temperature": 0.2, "reducer": "mean"})");
  for (const Tuples& tuples : {kTriplets, kPairs})
    CHECK(evaluate(*instance, batch, tuples).value ==
          doctest::Approx(evaluate(*supcon, batch, tuples).value).epsilon(1e-12));
}

}  // namespace
