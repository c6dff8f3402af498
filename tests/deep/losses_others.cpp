// SPDX-License-Identifier: BSD-3-Clause
// Losses around losses, without labels, with a hierarchy of classes, of anomalies and of
// recommendation: against values and gradients of an independent implementation, and against plain
// formulations.
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/class_tree.hpp>
#include <metriclab/deep/distance.hpp>
#include <metriclab/plugin/file.hpp>
#include <set>

#include "reference.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;
using Json = nlohmann::json;
using Labels = std::vector<std::int64_t>;

const Labels kLabels = {0, 1, 2, 0, 1, 0, 3, 2, 2, 0, 1, 1};

/// A loss in plain tensor operations, of embeddings and what else there is.
using Formula = std::function<at::Tensor(const at::Tensor& embeddings)>;

/// That the loss of the batch and its gradients are those of the formula, which may look at the
/// loss's own tensors.
void check_formula(Loss& loss, const Batch& batch, const Formula& formula,
                   const Tuples& tuples = Tuples::all()) {
  const at::Tensor embeddings = batch.embeddings.detach().clone().requires_grad_(true);
  const at::Tensor expected = formula(embeddings);
  std::vector<at::Tensor> inputs = {embeddings};
  for (const NamedTensor& parameter : loss.parameters()) inputs.push_back(parameter.tensor);
  const std::vector<at::Tensor> gradients = gradients_or_zeros(expected, inputs);
  const Outcome outcome = evaluate(loss, batch, tuples);
  CHECK(outcome.value == doctest::Approx(expected.item<double>()).epsilon(1e-12));
  CHECK(largest_difference(outcome.embeddings, gradients[0]) < 1e-12);
  for (std::size_t k = 0; k < loss.parameters().size(); ++k) {
    CAPTURE(loss.parameters()[k].name);
    CHECK(largest_difference(outcome.parameters[k], gradients[k + 1]) < 1e-12);
  }
}

std::unique_ptr<Loss> prepared(const std::string& json, std::int64_t d,
                               std::int64_t n_classes = 4) {
  auto loss = make_loss(json);
  loss->prepare(law_setting(n_classes, d));
  return loss;
}

at::Tensor rows(const at::Tensor& of, const Labels& which) {
  return of.index_select(0, integers(which));
}

std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// The two sides of the reference cases of losses that compare views.
void check_views(const char* file, const std::function<Json(const Json& is)>& block) {
  const auto folder = deep_reference();
  if (!folder) {
    MESSAGE("skipped: no reference values on this machine");
    return;
  }
  const Json cases =
      Json::parse(read_file(*folder / "losses" / (std::string(file) + ".json")))["cases"];
  REQUIRE(cases.size() >= 2);
  for (const Json& is : cases) {
    CAPTURE(is["setting"].get<int>());
    const Json json = block(is);
    if (json.is_null()) continue;
    Batch batch = reference_batch(*folder);
    batch.reference = read_tensor(*folder / is["ref_emb"].get<std::string>());
    batch.reference_labels = batch.labels;
    const auto loss = make_loss(json.dump());
    loss->prepare({.n_classes = 5,
                   .embedding_size = 16,
                   .type = at::kDouble,
                   .random = Random(1),
                   .labels = as_indices(batch.labels)});
    auto check = [&](const Outcome& outcome, const at::Tensor& first, const at::Tensor& second) {
      CHECK(std::abs(outcome.value - is["loss"].get<double>()) < 1e-10);
      CHECK(largest_difference(
                first, read_tensor(*folder / is["grad_embeddings"].get<std::string>())) < 1e-10);
      CHECK(largest_difference(
                second, read_tensor(*folder / is["grad_ref_emb"].get<std::string>())) < 1e-10);
    };
    const Outcome apart = evaluate(*loss, batch);
    check(apart, apart.embeddings, apart.reference);
    // The same views in one batch, in another order.
    const std::int64_t n = batch.labels.size(0);
    const at::Tensor own = at::arange(n, at::kLong), back = own.flip(0);
    Batch both{.embeddings = at::cat({batch.embeddings, batch.reference.index_select(0, back)}),
               .labels = at::zeros({2 * n}, at::kLong),
               .examples = at::cat({own, back})};
    const Outcome together = evaluate(*loss, both);
    check(together, together.embeddings.narrow(0, 0, n),
          together.embeddings.narrow(0, n, n).index_select(0, back));
  }
}

TEST_CASE("self_supervised: reference values") {
  check_views("SelfSupervisedLoss", [](const Json& is) {
    const Json& params = is["params"];
    const std::map<std::string, std::string> kNames = {{"NTXentLoss", "ntxent"},
                                                       {"TripletMarginLoss", "triplet"},
                                                       {"SupConLoss", "supcon"},
                                                       {"MultiSimilarityLoss", "multi_similarity"}};
    Json inner = params["loss_params"];
    inner["plugin"] = kNames.at(params["loss"]);
    if (!registry().has("loss", inner["plugin"].get<std::string>())) return Json();
    inner["distance"] = distance_block(is["distance"]);
    inner["reducer"] = reducer_block(is["reducer"]);
    return Json{{"plugin", "self_supervised"}, {"loss", inner}, {"symmetric", params["symmetric"]}};
  });
}

TEST_CASE("vicreg: reference values") {
  check_views("VICRegLoss", [](const Json& is) {
    Json block = {{"plugin", "vicreg"}};
    const std::map<std::string, std::string> kNames = {{"invariance_lambda", "invariance"},
                                                       {"variance_mu", "variance"},
                                                       {"covariance_v", "covariance"},
                                                       {"eps", "epsilon"}};
    for (const auto& [name, value] : is["params"].items()) block[kNames.at(name)] = value;
    return block;
  });
}

/// Three examples of two views, one of three and one of one.
Batch batch_of_views(std::int64_t d, std::uint64_t seed) {
  Batch batch = random_batch(Labels(10, 0), d, seed);
  batch.examples = integers({7, 3, 7, 5, 3, 9, 4, 5, 9, 9});
  return batch;
}
const Labels kFirst = {0, 1, 3, 5}, kSecond = {2, 4, 7, 8};

TEST_CASE("vicreg by its formula") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    const Batch batch = batch_of_views(4, seed);
    const auto loss =
        prepared(R"({"plugin": "vicreg", "normalization": "paper", "invariance": 2, "variance": 3,
        "covariance": 0.5, "deviation": 1.3, "epsilon": 0.01})",
                 4);
    check_formula(*loss, batch, [](const at::Tensor& x) {
      const at::Tensor z[2] = {rows(x, kFirst), rows(x, kSecond)};
      at::Tensor sum = z[0].sub(z[1]).pow(2).sum().mul(2.0 / 4);
      for (const at::Tensor& of : z)
        for (std::int64_t i = 0; i < 4; ++i)
          for (std::int64_t j = 0; j < 4; ++j) {
            const at::Tensor a = of.select(1, i).sub(of.select(1, i).mean()),
                             b = of.select(1, j).sub(of.select(1, j).mean());
            const at::Tensor covariance = a.mul(b).sum().div(3);
            sum = sum.add(i == j ? covariance.add(0.01).sqrt().neg().add(1.3).relu().mul(3.0 / 4)
                                 : covariance.pow(2).mul(0.5 / 4));
          }
      return sum;
    });
  }
}

TEST_CASE("barlow_twins by its formula") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto loss = prepared(R"({"plugin": "barlow_twins", "redundancy": 0.1})", 3);
    check_formula(*loss, batch_of_views(3, seed), [](const at::Tensor& x) {
      const at::Tensor a = rows(x, kFirst), b = rows(x, kSecond);
      at::Tensor sum = at::zeros({}, at::kDouble);
      for (std::int64_t i = 0; i < 3; ++i)
        for (std::int64_t j = 0; j < 3; ++j) {
          const at::Tensor u = a.select(1, i).sub(a.select(1, i).mean()),
                           v = b.select(1, j).sub(b.select(1, j).mean());
          const at::Tensor c = u.mul(v).sum().div(
              u.pow(2).sum().add(4e-5).sqrt().mul(v.pow(2).sum().add(4e-5).sqrt()));
          sum = sum.add(i == j ? c.neg().add(1).pow(2) : c.pow(2).mul(0.1));
        }
      return sum;
    });
  }
}

TEST_CASE("losses of views say what they need") {
  for (const char* name : {"self_supervised", "vicreg", "barlow_twins"}) {
    CAPTURE(name);
    const auto loss = prepared('"' + std::string(name) + '"', 4);
    CHECK_FALSE(loss->needs_labels());
    Batch batch = random_batch(kLabels, 4, 5);
    CHECK(error_of([&] { loss->forward(batch, Tuples::all()); }).find("\"views\": 2") !=
          std::string::npos);
    batch.examples = at::arange(12, at::kLong);
    CHECK(error_of([&] {
            loss->forward(batch, Tuples::all());
          }).find("no example of the batch has two views") != std::string::npos);
    batch.reference = batch.embeddings.narrow(0, 0, 5);
    batch.reference_labels = batch.labels.narrow(0, 0, 5);
    CHECK(error_of([&] {
            loss->forward(batch, Tuples::all());
          }).find("has 5 rows and the batch 12") != std::string::npos);
  }
  // A memory around it would compare other examples as if they were views.
  const auto memory = prepared(
      R"({"plugin": "cross_batch_memory", "loss": "self_supervised", "memory_size": 12})", 4);
  CHECK(error_of([&] {
          memory->forward(random_batch(kLabels, 4, 5), Tuples::all());
        }).find("the outer loss") != std::string::npos);
}

TEST_CASE("self_supervised: three views, and first views as the only anchors") {
  const Batch batch = batch_of_views(4, 6);
  const auto all = prepared(R"({"plugin": "self_supervised", "loss": "triplet"})", 4),
             first = prepared(
                 R"({"plugin": "self_supervised", "loss": "triplet", "symmetric": false})", 4),
             triplet = prepared(R"("triplet")", 4);
  Batch labelled = batch;
  labelled.labels = integers({3, 0, 3, 2, 0, 4, 1, 2, 4, 4});
  CHECK(evaluate(*all, batch).value == evaluate(*triplet, labelled).value);
  Batch anchors = rows_of(labelled, integers({0, 1, 3, 5, 6}));
  anchors.reference = rows(batch.embeddings, {2, 4, 7, 8, 9});
  anchors.reference_labels = integers({3, 0, 2, 4, 4});
  CHECK(evaluate(*first, batch).value == evaluate(*triplet, anchors).value);
}

/// ‖x_i − y_j‖² of rows.
at::Tensor squares(const at::Tensor& x, const at::Tensor& y) {
  return x.unsqueeze(1).sub(y.unsqueeze(0)).pow(2).sum(2);
}
at::Tensor unit(const at::Tensor& x) { return x.div(x.norm(2, {1}, true)); }

template <class F>
void for_each_triplet(const Labels& labels, F f) {
  const auto n = static_cast<std::int64_t>(labels.size());
  auto label = [&](std::int64_t i) { return labels[static_cast<std::size_t>(i)]; };
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t p = 0; p < n; ++p)
      for (std::int64_t q = 0; q < n; ++q)
        if (i != p && label(i) == label(p) && label(i) != label(q)) f(i, p, q);
}

LossSetting setting_with(const std::vector<Labels>& columns, const Labels& labels,
                         std::int64_t n_classes, std::int64_t d = 4) {
  LossSetting setting = law_setting(n_classes, d);
  setting.labels = labels;
  setting.columns = columns;
  setting.column_names = {"genus", "family"};
  setting.column_names.resize(columns.size());
  return setting;
}

TEST_CASE("a tree of classes from label columns") {
  const Labels classes = {0, 0, 1, 2, 3, 3}, genus = {4, 4, 4, 2, 7, 7},
               family = {1, 1, 1, 0, 0, 0};
  const ClassTree tree = ClassTree::of_columns(setting_with({genus, family}, classes, 5), {});
  // Class 4 has no examples, and is a group of its own.
  CHECK(as_indices(tree.groups().view(-1)) == Labels{0, 1, 2, 3, 4, 1, 1, 0, 2, 3, 1, 1, 0, 0, 2});
  CHECK(tree.n_groups(1) == 4);
  CHECK(tree.n_groups(2) == 3);
  CHECK(as_indices(tree.levels_apart(integers({0, 2, 4}), integers({0, 1, 3})).view(-1)) ==
        Labels{0, 1, 3, 3, 3, 2, 3, 3, 3});
  CHECK(as_indices(tree.groups_of(integers({3, 0}), 1)) == Labels{2, 1});
  CHECK(ClassTree::of_columns(setting_with({genus, family}, classes, 4), {"family"}).n_levels() ==
        2);

  auto refused = [&](const Labels& first, const Labels& second,
                     const std::vector<std::string>& names) {
    return error_of([&] {
      ClassTree::of_columns(setting_with({first, second}, classes, 4), names);
    });
  };
  CHECK(refused({4, 5, 4, 2, 7, 7}, family, {}) ==
        "class 0 is in 4 and in 5 of label column \"genus\"; it is to be in one of them");
  CHECK(refused(genus, {1, 1, 0, 0, 0, 0}, {}) ==
        "\"genus\" 4 is in 1 and in 0 of label column \"family\"; it is to be in one of them");
  CHECK(refused(genus, family, {"genre"}) ==
        "there is no label column \"genre\"; there is \"genus\" and \"family\"");
  CHECK(error_of([&] {
          ClassTree::of_columns(setting_with({}, classes, 4), {});
        }).find("needs coarser classes") == 0);
  CHECK(error_of([&] { tree.groups_of(integers({5}), 0); }) ==
        "an example has label 5; the tree of classes has 0 … 4");
}

/// At which distance two classes come together, by merging the two clusters again and again whose
/// members are nearest on average.
std::vector<std::vector<double>> plain_linkage(const at::Tensor& distances,
                                               const at::Tensor& sizes) {
  const auto n = static_cast<std::size_t>(distances.size(0));
  const double *d = distances.data_ptr<double>(), *size = sizes.data_ptr<double>();
  std::vector<std::vector<double>> meet(n, std::vector<double>(n, 0));
  std::vector<std::vector<std::size_t>> clusters;
  for (std::size_t c = 0; c < n; ++c) clusters.push_back({c});
  while (clusters.size() > 1) {
    double least = 1e300;
    std::size_t first = 0, second = 0;
    for (std::size_t a = 0; a < clusters.size(); ++a)
      for (std::size_t b = a + 1; b < clusters.size(); ++b) {
        double sum = 0, weight = 0;
        for (const std::size_t i : clusters[a])
          for (const std::size_t j : clusters[b]) {
            sum += size[i] * size[j] * d[i * n + j];
            weight += size[i] * size[j];
          }
        if (sum / weight < least) least = sum / weight, first = a, second = b;
      }
    for (const std::size_t i : clusters[first])
      for (const std::size_t j : clusters[second]) meet[i][j] = meet[j][i] = least;
    clusters[first].insert(clusters[first].end(), clusters[second].begin(), clusters[second].end());
    clusters.erase(clusters.begin() + static_cast<std::ptrdiff_t>(second));
  }
  return meet;
}

TEST_CASE("a tree of classes by average linkage") {
  for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
    const std::int64_t n = 15;
    const at::Tensor x = random_rows(n, 3, seed), d = squares(x, x).contiguous();
    const at::Tensor sizes = random_rows(n, 1, seed + 10).squeeze(1).abs().add(0.5);
    const std::vector<double> heights = {0.5, 1, 2, 3, 4, 6, 9};
    const ClassTree tree = ClassTree::of_distances(d, sizes, heights);
    const auto meet = plain_linkage(d, sizes);
    const at::Tensor apart = tree.levels_apart(at::arange(n, at::kLong), at::arange(n, at::kLong));
    for (std::size_t i = 0; i < 15; ++i)
      for (std::size_t j = 0; j < 15; ++j) {
        const auto expected = i == j ? 0 : std::ranges::count_if(heights, [&](double height) {
          return meet[i][j] >= height;
        });
        CHECK(apart.data_ptr<std::int64_t>()[i * 15 + j] == expected);
      }
  }
}

TEST_CASE("hierarchical_triplet: its formula with the margins of its tree") {
  const std::int64_t n = 40, n_classes = 9;
  Labels of_examples;
  for (std::int64_t i = 0; i < n; ++i) of_examples.push_back((5 * i + i / 9) % 8);
  of_examples[1] = 8;  // a class of one
  // Classes some of which are near each other and some far.
  const Snapshot snapshot{.embeddings = random_rows(n_classes, 3, 18)
                                            .index_select(0, integers(of_examples))
                                            .add(random_rows(n, 3, 8), 0.2)
                                            .to(at::kFloat),
                          .labels = integers(of_examples)};
  const auto loss =
      prepared(R"({"plugin": "hierarchical_triplet", "beta": 0.2, "levels": 6})", 3, n_classes);
  CHECK(loss->wants_snapshot({.step = 0}));
  CHECK(loss->wants_snapshot({.step = 9, .epoch = 1}));
  CHECK_FALSE(loss->wants_snapshot({.step = 9, .epoch = 1, .step_of_epoch = 2}));

  std::vector<std::vector<double>> margins(9, std::vector<double>(9, 0.2));
  auto check = [&](const Batch& batch, const Labels& labels) {
    auto sum_of = [&](const at::Tensor& x, const Tuples& tuples) {
      const at::Tensor d = squares(unit(x), unit(x));
      at::Tensor sum = at::zeros({}, at::kDouble);
      double count = 0;
      auto add = [&](std::int64_t i, std::int64_t p, std::int64_t q) {
        const double margin =
            margins[static_cast<std::size_t>(labels[static_cast<std::size_t>(i)])]
                   [static_cast<std::size_t>(labels[static_cast<std::size_t>(q)])];
        sum = sum.add(d[i][p].sub(d[i][q]).add(margin).relu());
        count += 1;
      };
      if (tuples.form == Tuples::Form::all) {
        for_each_triplet(labels, add);
      } else {
        const Labels a = as_indices(tuples.anchor), p = as_indices(tuples.positive),
                     q = as_indices(tuples.negative);
        for (std::size_t t = 0; t < a.size(); ++t) add(a[t], p[t], q[t]);
      }
      return sum.div(2 * count);
    };
    const Tuples triplets =
        Tuples::triplets(integers({0, 0, 3}), integers({3, 3, 0}), integers({1, 2, 6}));
    for (const Tuples& tuples : {Tuples::all(), triplets})
      check_formula(
          *loss, batch, [&](const at::Tensor& x) { return sum_of(x, tuples); }, tuples);
  };
  const Labels labels = {0, 1, 4, 0, 1, 0, 8, 4, 4, 0, 1, 7};
  const Batch batch = random_batch(labels, 3, 9);
  check(batch, labels);  // a margin for all without a tree

  loss->see(snapshot);
  const at::Tensor x = unit(snapshot.embeddings.to(at::kDouble)), d = squares(x, x).contiguous();
  const double* apart = d.data_ptr<double>();
  at::Tensor between = at::zeros({9, 9}, at::kDouble), sizes = at::zeros({9}, at::kDouble);
  std::vector<double> spread(9, 0);
  double classes = 0, least = 0;
  for (std::size_t a = 0; a < 9; ++a)
    for (std::size_t b = 0; b < 9; ++b) {
      double sum = 0, count = 0;
      for (std::size_t i = 0; i < of_examples.size(); ++i)
        for (std::size_t j = 0; j < of_examples.size(); ++j)
          if (i != j && of_examples[i] == static_cast<std::int64_t>(a) &&
              of_examples[j] == static_cast<std::int64_t>(b)) {
            sum += apart[i * of_examples.size() + j];
            count += 1;
          }
      between.data_ptr<double>()[a * 9 + b] = count > 0 ? sum / count : 1;
      if (a == b) {
        spread[a] = count > 0 ? sum / count : 0;
        classes += count > 0 ? 1 : 0;
        least += spread[a];
        sizes.data_ptr<double>()[a] = std::max<double>(
            1, static_cast<double>(std::ranges::count(of_examples, static_cast<std::int64_t>(a))));
      }
    }
  least /= classes;
  const auto meet = plain_linkage(between, sizes);
  std::set<double> levels;
  for (std::size_t a = 0; a < 9; ++a)
    for (std::size_t b = 0; b < 9; ++b) {
      int level = 0;
      while (level < 6 && meet[a][b] >= least + level * (4 - least) / 6) ++level;
      levels.insert(level);
      margins[a][b] = 0.2 + least + level * (4 - least) / 6 - spread[a];
    }
  CHECK(levels.size() > 2);
  check(batch, labels);
}

const Labels kEight = {0, 1, 2, 0, 1, 6, 3, 2, 2, 0, 5, 4};

TEST_CASE("hierarchical_proxy by its formula") {
  const Batch batch = random_batch(kEight, 4, 10);
  const auto loss = prepared(
      R"({"plugin": "hierarchical_proxy", "temperature": 0.3, "weights": [1, 0.5, 2]})", 4, 8);
  REQUIRE(loss->parameters().size() == 3);
  CHECK(loss->parameters()[1].name == "proxies_1");
  CHECK(loss->parameters()[2].tensor.size(0) == 2);
  check_formula(*loss, batch, [&](const at::Tensor& x) {
    at::Tensor sum = at::zeros({}, at::kDouble);
    const double weights[] = {1, 0.5, 2};
    for (std::size_t l = 0; l < 3; ++l) {
      const at::Tensor p = loss->parameters()[l].tensor;
      const at::Tensor logits = unit(x).matmul(unit(p).t()).div(0.3);
      for (std::int64_t i = 0; i < 12; ++i)
        sum = sum.add(
            logits[i].exp().sum().log().sub(logits[i][kEight[static_cast<std::size_t>(i)] >> l]),
            weights[l] / 12);
    }
    return sum;
  });
  CHECK(error_of([] { prepared(R"({"plugin": "hierarchical_proxy", "weights": [1]})", 4, 8); }) ==
        "/weights: 1 weights for the classes and 2 levels; give one for each");
}

TEST_CASE("hierarchical_supcon by its formula") {
  const Batch batch = random_batch(kEight, 4, 11);
  for (const bool constraint : {false, true})
    for (const bool weighed : {false, true}) {
      CAPTURE(constraint);
      const std::string json =
          std::string(R"({"plugin": "hierarchical_supcon", "temperature": 0.4)") +
          (weighed ? R"(, "weights": [1, 2, 0.5])" : "") + R"(, "constraint": )" +
          (constraint ? "true}" : "false}");
      const auto loss = prepared(json, 4, 8);
      check_formula(*loss, batch, [&](const at::Tensor& x) {
        const at::Tensor s = unit(x).matmul(unit(x).t()).div(0.4);
        const std::vector<double> weights =
            weighed ? std::vector<double>{1, 2, 0.5}
                    : std::vector<double>{std::exp(1), std::exp(1.0 / 2), std::exp(1.0 / 3)};
        at::Tensor sum = at::zeros({}, at::kDouble), largest = at::zeros({}, at::kDouble);
        for (std::size_t l = 0; l < 3; ++l) {
          at::Tensor of_level = at::zeros({}, at::kDouble), most = largest;
          double anchors = 0;
          for (std::int64_t i = 0; i < 12; ++i) {
            at::Tensor all = at::zeros({}, at::kDouble), terms = all;
            double count = 0;
            for (std::int64_t a = 0; a < 12; ++a)
              if (a != i) all = all.add(s[i][a].exp());
            for (std::int64_t p = 0; p < 12; ++p) {
              const std::int64_t u = kEight[static_cast<std::size_t>(i)],
                                 v = kEight[static_cast<std::size_t>(p)];
              if (p == i || u >> l != v >> l || (l > 0 && u >> (l - 1) == v >> (l - 1))) continue;
              const at::Tensor t = all.log().sub(s[i][p]);
              most = most.item<double>() > t.item<double>() ? most : t;
              terms =
                  terms.add(constraint && largest.item<double>() > t.item<double>() ? largest : t);
              count += 1;
            }
            if (count == 0) continue;
            of_level = of_level.add(terms.div(count));
            anchors += 1;
          }
          sum = sum.add(of_level, weights[l] / (3 * anchors));
          largest = most;
        }
        return sum;
      });
    }
}

}  // namespace
