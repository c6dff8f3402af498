// SPDX-License-Identifier: BSD-3-Clause
// Losses over a softmax of the batch and losses made of ranks: against values and gradients of an
// independent implementation, and against plain formulations.
#include <ATen/ops/cat.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/plugin/file.hpp>
#include <set>
#include <utility>

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

TEST_CASE("fast_ap: reference values") {
  check_cases({.file = "FastAPLoss",
               .loss = "fast_ap",
               .parameters = {{"num_bins", "num_bins"}},
               .defaults = {{"num_bins", 10}}});
}
TEST_CASE("histogram: reference values, where a pair has no order and counts once") {
  if (!deep_reference()) {
    MESSAGE("skipped: no reference values on this machine");
    return;
  }
  const Reference histogram{.file = "HistogramLoss",
                            .loss = "histogram",
                            .parameters = {{"n_bins", "n_bins"}},
                            .defaults = {{"n_bins", 100}},
                            // There the nodes are rounded to float32: rounding them so by hand, the
                            // values agree to 1e-15.
                            .tolerance = 1e-7};
  const Json file = reference_file("HistogramLoss.json");
  for (Json is : file["cases"]) {
    if (is.contains("indices_tuple")) {
      const auto triplets = is["indices_tuple"].get<std::vector<std::vector<std::int64_t>>>();
      std::vector<std::vector<std::int64_t>> pairs;
      for (const std::size_t other : {1, 2}) {
        std::set<std::pair<std::int64_t, std::int64_t>> different;
        for (std::size_t k = 0; k < triplets[0].size(); ++k)
          different.insert(std::minmax(triplets[0][k], triplets[other][k]));
        for (const bool first : {true, false}) {
          pairs.emplace_back();
          for (const auto& [a, b] : different) pairs.back().push_back(first ? a : b);
        }
      }
      is["indices_tuple"] = pairs;
    }
    check_case(histogram, is);
  }
}
TEST_CASE("pnp: reference values, whose anchors are among their positives") {
  check_cases({.file = "PNPLoss",
               .loss = "pnp",
               .parameters = {{"variant", "variant"},
                              {"alpha", "alpha"},
                              {"b", "b"},
                              {"anneal", "temperature"}},
               .defaults = {{"variant", "O"}, {"alpha", 1}, {"b", 2}, {"temperature", 0.01}},
               .adapt = [](Json& block, const Json&) { block["anchor_is_positive"] = true; }});
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

/// How many of `others` are nearer to i than p, by the sigmoid of a temperature; p itself not among
/// them.
at::Tensor before(const Plain& plain, std::int64_t i, std::size_t p, bool negatives,
                  double temperature) {
  const auto& list = (negatives ? plain.negatives : plain.positives)[static_cast<std::size_t>(i)];
  const std::int64_t own = plain.positives[static_cast<std::size_t>(i)][p];
  at::Tensor sum = plain.x.sum().mul(0);
  for (std::size_t k = 0; k < list.size(); ++k)
    if (negatives || k != p)
      sum = sum.add(plain.cosine[i][list[k]].sub(plain.cosine[i][own]).div(temperature).sigmoid());
  return sum;
}

/// The mean over the anchors of the mean over their positives of f(negatives, positives before it,
/// number of positives).
template <class F>
at::Tensor mean_of_ranks(const Plain& plain, double temperature, F f) {
  return plain.mean([&](std::int64_t i) {
    at::Tensor sum = plain.x.sum().mul(0);
    for (std::size_t p = 0; p < plain.n_positives(i); ++p)
      sum =
          sum.add(f(before(plain, i, p, true, temperature), before(plain, i, p, false, temperature),
                    static_cast<double>(plain.n_positives(i))));
    return sum.div(static_cast<double>(plain.n_positives(i)));
  });
}

TEST_CASE("smooth_ap by its formula") {
  for (const double temperature : {0.03, 0.5})
    check_plain(R"({"plugin": "smooth_ap", "temperature": )" + std::to_string(temperature) + "}",
                [&](const Plain& plain) {
                  return mean_of_ranks(plain, temperature,
                                       [](const at::Tensor& n, const at::Tensor& q, double) {
                                         return q.add(1).div(q.add(n).add(1)).neg().add(1);
                                       });
                });
}

TEST_CASE("pnp with the anchor among its positives, where it has others") {
  check_plain(R"({"plugin": "pnp", "temperature": 0.1, "anchor_is_positive": true})",
              [](Plain plain) {
                for (std::int64_t i = 0; i < plain.n(); ++i)
                  if (plain.n_positives(i) > 0)
                    plain.positives[static_cast<std::size_t>(i)].push_back(i);
                return mean_of_ranks(
                    plain, 0.1, [](const at::Tensor& n, const at::Tensor&, double) { return n; });
              },
              false);
}

TEST_CASE("pnp by its formulas") {
  using F = std::function<at::Tensor(const at::Tensor&)>;
  const std::vector<std::pair<std::string, F>> variants = {
      {R"("O")", [](const at::Tensor& n) { return n; }},
      {R"("Ds")", [](const at::Tensor& n) { return n.add(1).log(); }},
      {R"("Dq", "alpha": 1.5)",
       [](const at::Tensor& n) { return n.add(1).pow(-1.5).neg().add(1); }},
      {R"("Iu")", [](const at::Tensor& n) { return n.add(1).mul(n.add(1).log()); }},
      {R"("Ib", "b": 3)",
       [](const at::Tensor& n) { return n.mul(3).sub(n.mul(3).add(1).log()).div(9); }}};
  for (const auto& [variant, f] : variants)
    check_plain(R"({"plugin": "pnp", "temperature": 0.1, "variant": )" + variant + "}",
                [&f = f](const Plain& plain) {
                  return mean_of_ranks(
                      plain, 0.1,
                      [&](const at::Tensor& n, const at::Tensor&, double) { return f(n); });
                });
}

TEST_CASE("recall_at_k by its formula") {
  check_plain(
      R"({"plugin": "recall_at_k", "k": [1, 3], "temperature": 0.1, "recall_temperature": 0.7})",
      [](const Plain& plain) {
        return mean_of_ranks(
            plain, 0.1, [](const at::Tensor& n, const at::Tensor& q, double n_positives) {
              at::Tensor recall = n.mul(0);
              for (const double k : {1.0, 3.0}) {
                const at::Tensor is_among = n.add(q).add(1).neg().add(k).div(0.7).sigmoid();
                recall = recall.add(is_among.mul(n_positives / std::min(k, n_positives)).div(2));
              }
              return recall.neg().add(1);
            });
      });
}

TEST_CASE("roadmap by its formula") {
  check_plain(
      R"({"plugin": "roadmap", "lambda": 0.3, "temperature": 0.1, "rho": 10, "delta": 0.2,
          "alpha": 0.8, "beta": 0.1})",
      [](const Plain& plain) {
        const at::Tensor& s = plain.cosine;
        auto upper = [](const at::Tensor& t) {
          const double at = t.item<double>();
          const at::Tensor sigmoid = t.div(0.1).sigmoid();
          if (at <= 0) return sigmoid;
          if (at <= 0.2) return sigmoid.add(0.5);
          return t.sub(0.2).mul(10).add(1 / (1 + std::exp(-2.0)) + 0.5);
        };
        return plain.mean([&](std::int64_t i) {
          at::Tensor precision = plain.x.sum().mul(0);
          for (const std::int64_t p : plain.positives[static_cast<std::size_t>(i)]) {
            double near = 0;
            for (const std::int64_t q : plain.positives[static_cast<std::size_t>(i)])
              near += s[i][q].item<double>() >= s[i][p].item<double>() ? 1 : 0;
            at::Tensor far = plain.x.sum().mul(0);
            for (const std::int64_t n : plain.negatives[static_cast<std::size_t>(i)])
              far = far.add(upper(s[i][n].sub(s[i][p])));
            precision = precision.add(far.add(near).reciprocal().mul(near));
          }
          precision = precision.div(static_cast<double>(plain.n_positives(i)));
          at::Tensor calibration = plain.near(s, i).neg().add(0.8).clamp_min(0).mean();
          if (!plain.negatives[static_cast<std::size_t>(i)].empty())
            calibration = calibration.add(plain.far(s, i).sub(0.1).clamp_min(0).mean());
          return precision.neg().add(1).mul(0.7).add(calibration.mul(0.3));
        });
      });
}

/// (m × nodes): what values count at nodes from `lowest` in steps of `width`, by the triangle that
/// falls to 0 at the neighbours.
at::Tensor pulses(const at::Tensor& values, double lowest, double width, int n_bins) {
  std::vector<at::Tensor> columns;
  for (int k = 0; k <= n_bins; ++k)
    columns.push_back(values.sub(lowest + k * width).abs().div(width).neg().add(1).clamp_min(0));
  return at::stack(columns, 1);
}

TEST_CASE("fast_ap by its formula") {
  check_plain(R"({"plugin": "fast_ap", "num_bins": 7})", [](const Plain& plain) {
    return plain.mean([&](std::int64_t i) {
      const at::Tensor near = pulses(plain.near(plain.d2, i), 0, 4.0 / 7, 7).sum(0),
                       far = pulses(plain.far(plain.d2, i), 0, 4.0 / 7, 7).sum(0);
      at::Tensor sum = plain.x.sum().mul(0), up_to = sum, all = sum;
      for (int k = 0; k <= 7; ++k) {
        up_to = up_to.add(near[k]);
        all = all.add(near[k]).add(far[k]);
        if (near[k].item<double>() > 0) sum = sum.add(near[k].mul(up_to).div(all));
      }
      return sum.div(static_cast<double>(plain.n_positives(i))).neg().add(1);
    });
  });
}

TEST_CASE("histogram by its formula") {
  check_plain(R"({"plugin": "histogram", "n_bins": 13})", [](const Plain& plain) {
    std::vector<at::Tensor> near, far;
    for (std::int64_t i = 0; i < plain.n(); ++i) {
      near.push_back(pulses(plain.near(plain.cosine, i), -1, 2.0 / 13, 13));
      far.push_back(pulses(plain.far(plain.cosine, i), -1, 2.0 / 13, 13));
    }
    const at::Tensor positive = at::cat(near), negative = at::cat(far);
    return negative.sum(0)
        .div(negative.size(0))
        .mul(positive.sum(0).cumsum(0).div(positive.size(0)))
        .sum();
  });
}

TEST_CASE("decoupled_contrastive by its formulas") {
  for (const bool weighted : {false, true})
    check_plain(
        std::string(R"({"plugin": "decoupled_contrastive", "temperature": 0.3, )") +
            (weighted ? R"("weighted": true, "sigma": 0.4})" : R"("weighted": false})"),
        [&](const Plain& plain) {
          std::vector<at::Tensor> similarities, negatives;
          for (std::int64_t i = 0; i < plain.n(); ++i) {
            if (plain.n_positives(i) == 0 || plain.negatives[static_cast<std::size_t>(i)].empty())
              continue;
            const at::Tensor s = plain.near(plain.cosine, i);
            similarities.push_back(s);
            negatives.push_back(log_sum_exp(plain.far(plain.cosine, i).div(0.3)).expand_as(s));
          }
          const at::Tensor s = at::cat(similarities), e = s.div(0.4).exp();
          const at::Tensor w = weighted ? e.div(e.mean()).neg().add(2) : at::ones_like(s);
          return at::cat(negatives).sub(w.mul(s).div(0.3)).mean();
        });
}

TEST_CASE("siglip by its formula, with gradients of scale and bias") {
  const auto loss = make_loss(R"({"plugin": "siglip", "initial_scale": 3, "initial_bias": -1.5})");
  loss->prepare(law_setting(4, 5));
  std::uint64_t seed = 70;
  for (const Tuples& tuples : {Tuples::all(), kTriplets, kPairs}) {
    const Batch batch = law_batch(kBatches[0], 5, ++seed);
    const Plain plain = plain_of(batch, tuples);
    const at::Tensor log_scale = at::full({}, std::log(3.0), at::kDouble).requires_grad_(true),
                     bias = at::full({}, -1.5, at::kDouble).requires_grad_(true);
    at::Tensor sum = plain.x.sum().mul(0);
    const at::Tensor z = plain.cosine.mul(log_scale.exp()).add(bias);
    for (std::int64_t i = 0; i < plain.n(); ++i)
      sum = sum.sub(plain.near(z, i).sigmoid().log().sum())
                .sub(plain.far(z, i).neg().sigmoid().log().sum());
    const at::Tensor expected = sum.div(plain.n());
    const Outcome outcome = evaluate(*loss, batch, tuples);
    CHECK(outcome.value == doctest::Approx(expected.item<double>()).epsilon(1e-12));
    const auto gradients = gradients_or_zeros(expected, {plain.x, log_scale, bias});
    CHECK(differs(outcome.embeddings, gradients[0], 1e-11, "the gradient") == "");
    for (std::size_t p = 0; p < 2; ++p)
      CHECK(differs(outcome.parameters[p].squeeze(), gradients[p + 1], 1e-11, "a parameter's") ==
            "");
  }
}

TEST_CASE("multi_supcon by its formula") {
  for (const double threshold : {0.0, 0.3, 0.5})
    for (const Tuples& tuples : {Tuples::all(), kTriplets, kPairs}) {
      const auto loss =
          make_loss(R"({"plugin": "multi_supcon", "temperature": 0.4, "threshold": )" +
                    std::to_string(threshold) + "}");
      loss->prepare(law_setting(4, 5));
      const Batch batch = law_batch(kBatches[0], 5, 80);
      const Plain plain = plain_of(batch, tuples);
      const at::Tensor z = plain.cosine.div(0.4), sets = batch.label_sets;
      at::Tensor sum = plain.x.sum().mul(0);
      int n_anchors = 0;
      for (std::int64_t i = 0; i < plain.n(); ++i) {
        std::vector<std::int64_t> partners = plain.positives[static_cast<std::size_t>(i)];
        for (const std::int64_t j : plain.negatives[static_cast<std::size_t>(i)])
          partners.push_back(j);
        at::Tensor of_anchor = plain.x.sum().mul(0);
        int n_positives = 0;
        for (const std::int64_t p : partners) {
          double common = 0, together = 0;
          for (std::int64_t c = 0; c < sets.size(1); ++c) {
            const bool a = sets[i][c].item<double>() > 0, b = sets[p][c].item<double>() > 0;
            common += a && b ? 1 : 0;
            together += a || b ? 1 : 0;
          }
          const double overlap = together > 0 ? common / together : 0;
          if (overlap == 0 || overlap < threshold) continue;
          ++n_positives;
          of_anchor =
              of_anchor.sub(z[i][p].sub(log_sum_exp(plain.of(z, i, partners))).mul(overlap));
        }
        if (n_positives == 0) continue;
        sum = sum.add(of_anchor.div(n_positives));
        ++n_anchors;
      }
      const at::Tensor expected = sum.div(std::max(1, n_anchors));
      const Outcome outcome = evaluate(*loss, batch, tuples);
      CHECK(outcome.value == doctest::Approx(expected.item<double>()).epsilon(1e-12));
      CHECK(differs(outcome.embeddings, gradients_or_zeros(expected, {plain.x})[0], 1e-11,
                    "the gradient") == "");
    }
}

TEST_CASE("log_ratio by its formula, all triplets listed") {
  for (const bool is_listed : {false, true}) {
    const auto loss = make_loss(R"({"plugin": "log_ratio", "epsilon": 0.001})");
    loss->prepare(law_setting(4, 5));
    const Batch batch = law_batch(kBatches[0], 5, 90);
    const at::Tensor x = batch.embeddings.detach().clone().requires_grad_(true);
    const at::Tensor d = x.unsqueeze(1).sub(x.unsqueeze(0)).square().sum(2).add(0.001);
    const at::Tensor t =
        batch.targets.unsqueeze(1).sub(batch.targets.unsqueeze(0)).square().add(0.001);
    std::vector<std::int64_t> a, p, n;
    for (std::int64_t i = 0; i < 10; ++i)
      for (std::int64_t j = 0; j < 10; ++j)
        for (std::int64_t k = 0; k < 10; ++k)
          if (i != j && i != k && j != k) {
            a.push_back(i);
            p.push_back(j);
            n.push_back(k);
          }
    at::Tensor sum = x.sum().mul(0);
    for (std::size_t k = 0; k < a.size(); ++k)
      sum = sum.add(d[a[k]][p[k]]
                        .div(d[a[k]][n[k]])
                        .log()
                        .sub(t[a[k]][p[k]].div(t[a[k]][n[k]]).log())
                        .square());
    const at::Tensor expected = sum.div(static_cast<double>(a.size()));
    const Outcome outcome = evaluate(
        *loss, batch,
        is_listed ? Tuples::triplets(integers(a), integers(p), integers(n)) : Tuples::all());
    CHECK(outcome.value == doctest::Approx(expected.item<double>()).epsilon(1e-12));
    CHECK(differs(outcome.embeddings, gradients_or_zeros(expected, {x})[0], 1e-11,
                  "the gradient") == "");
  }
}

TEST_CASE("losses that lack what they learn from say so") {
  Batch batch = law_batch(kBatches[0], 5, 91);
  batch.targets = batch.examples = at::Tensor();
  for (const char* name : {"log_ratio", "infonce"}) {
    const auto loss = make_loss(std::string("\"") + name + "\"");
    loss->prepare(law_setting(4, 5));
    CHECK_THROWS_AS(loss->forward(batch, Tuples::all()), Error);
  }
  LossSetting without_sets = law_setting(4, 5);
  without_sets.n_label_sets = 0;
  CHECK_THROWS_AS(make_loss(R"("multi_supcon")")->prepare(without_sets), Error);
  const auto unbounded =
      make_loss(R"({"plugin": "fast_ap", "normalize_embeddings": false, "distance": "euclidean"})");
  CHECK_THROWS_AS(unbounded->forward(batch, Tuples::all()), Error);
}

/// InfoNCE of a batch against the rows of `queue`, a loop over the pairs of views.
at::Tensor plain_info_nce(const at::Tensor& x, const std::vector<std::int64_t>& examples,
                          const at::Tensor& queue, double temperature) {
  auto unit = [](const at::Tensor& rows) { return rows.div(rows.square().sum(1, true).sqrt()); };
  const at::Tensor e = unit(x).matmul(unit(x).t()).div(temperature).exp();
  at::Tensor sum = x.sum().mul(0);
  int n_pairs = 0;
  for (std::int64_t i = 0; i < x.size(0); ++i) {
    auto example = [&](std::int64_t row) { return examples[static_cast<std::size_t>(row)]; };
    at::Tensor others = x.sum().mul(0);
    for (std::int64_t j = 0; j < x.size(0); ++j)
      if (example(i) != example(j)) others = others.add(e[i][j]);
    if (queue.size(0) > 0)
      others =
          others.add(unit(x).select(0, i).matmul(unit(queue).t()).div(temperature).exp().sum());
    for (std::int64_t p = 0; p < x.size(0); ++p)
      if (p != i && example(i) == example(p)) {
        sum = sum.sub(e[i][p].div(e[i][p].add(others)).log());
        ++n_pairs;
      }
  }
  return sum.div(n_pairs);
}

TEST_CASE("infonce: by its formula, with a queue that is first empty, then in part, then full") {
  for (const std::int64_t queue_size : {0, 7, 25, 100}) {
    CAPTURE(queue_size);
    const auto loss = make_loss(R"({"plugin": "infonce", "temperature": 0.3, "queue_size": )" +
                                std::to_string(queue_size) + "}");
    loss->prepare(law_setting(4, 5));
    at::Tensor seen = at::zeros({0, 5}, at::kDouble);
    for (std::uint64_t step = 0; step < 4; ++step) {
      // Sorted labels: the rows go into the queue in the order of the classes.
      Batch batch = law_batch({0, 0, 0, 1, 1, 2, 2, 2, 2, 3}, 5, 100 + step);
      batch.examples = integers({4, 7, 4, 2, 2, 9, 7, 1, 9, 0});
      const at::Tensor x = batch.embeddings.detach().clone().requires_grad_(true);
      const std::int64_t kept = std::min(queue_size, seen.size(0));
      const at::Tensor expected = plain_info_nce(x, as_indices(batch.examples),
                                                 seen.narrow(0, seen.size(0) - kept, kept), 0.3);
      const Outcome outcome = evaluate(*loss, batch);
      CHECK(outcome.value == doctest::Approx(expected.item<double>()).epsilon(1e-12));
      CHECK(differs(outcome.embeddings, gradients_or_zeros(expected, {x})[0], 1e-11,
                    "the gradient") == "");
      seen = at::cat({seen, batch.embeddings.detach()});
    }
  }
}

}  // namespace
