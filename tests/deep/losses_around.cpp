// SPDX-License-Identifier: BSD-3-Clause
// Losses around a loss, of anomalies and of users and items, against plain formulations.
#include <algorithm>
#include <cmath>
#include <metriclab/deep/anchors.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

const std::vector<std::int64_t> kLabels = {0, 1, 2, 0, 1, 0, 3, 2, 2, 0, 1, 1};

using Row = std::vector<double>;
std::vector<Row> rows(const at::Tensor& tensor) {
  const at::Tensor here = tensor.detach().contiguous();
  std::vector<Row> result;
  for (std::int64_t i = 0; i < here.size(0); ++i) {
    const double* row = here.data_ptr<double>() + i * here.size(1);
    result.emplace_back(row, row + here.size(1));
  }
  return result;
}
double dot(const Row& x, const Row& y) {
  double sum = 0;
  for (std::size_t k = 0; k < x.size(); ++k) sum += x[k] * y[k];
  return sum;
}
double square(const Row& x, const Row& y) {
  double sum = 0;
  for (std::size_t k = 0; k < x.size(); ++k) sum += (x[k] - y[k]) * (x[k] - y[k]);
  return sum;
}
at::Tensor tensor_named(const std::vector<NamedTensor>& tensors, const std::string& name) {
  for (const NamedTensor& held : tensors)
    if (held.name == name) return held.tensor;
  throw Error("there is no tensor " + name);
}

TEST_CASE("with_classifier: the inner loss and the cross-entropy of a linear classifier") {
  const Batch batch = law_batch(kLabels, 5, 41);
  for (const double smoothing : {0.0, 0.3}) {
    const auto loss = make_loss(
        R"({"plugin": "with_classifier", "loss": "proxy_anchor", "weight": 0.7, "smoothing": )" +
        std::to_string(smoothing) + "}");
    loss->prepare(law_setting(4, 5));
    const auto alone = make_loss(R"("proxy_anchor")");
    alone->prepare(law_setting(4, 5));
    alone->parameters()[0].tensor.detach().copy_(
        tensor_named(loss->parameters(), "loss/proxies").detach());
    const std::vector<Row> x = rows(batch.embeddings),
                           w = rows(tensor_named(loss->parameters(), "classifier_weights"));
    tensor_named(loss->parameters(), "classifier_bias")
        .detach()
        .copy_(double_tensor({0.3, -0.2, 0.1, 0}));
    const Row bias = {0.3, -0.2, 0.1, 0};
    double entropy = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      Row logits;
      double sum = 0;
      for (std::size_t c = 0; c < 4; ++c) logits.push_back(dot(x[i], w[c]) + bias[c]);
      for (const double logit : logits) sum += std::exp(logit);
      for (std::size_t c = 0; c < 4; ++c) {
        const double target =
            (c == static_cast<std::size_t>(kLabels[i]) ? 1 - smoothing : 0) + smoothing / 4;
        entropy -= target * (logits[c] - std::log(sum));
      }
    }
    CHECK(evaluate(*loss, batch).value ==
          doctest::Approx(evaluate(*alone, batch).value + 0.7 * entropy / 12).epsilon(1e-12));
  }
}

TEST_CASE("matryoshka: the losses of the leading dimensions, each with its own tensors") {
  const Batch batch = law_batch(kLabels, 6, 42);
  const auto loss = make_loss(
      R"({"plugin": "matryoshka", "losses": ["proxy_anchor", "contrastive"], "sizes": [2, 6], "weights": [0.5, 2]})");
  loss->prepare(law_setting(4, 6));
  REQUIRE(loss->parameters().size() == 1);
  CHECK(loss->parameters()[0].name == "loss_2/proxies");
  Batch cut = batch;
  cut.embeddings = batch.embeddings.narrow(1, 0, 2).contiguous();
  const auto small = make_loss(R"("proxy_anchor")"), large = make_loss(R"("contrastive")");
  small->prepare(law_setting(4, 2));
  small->parameters()[0].tensor.detach().copy_(loss->parameters()[0].tensor.detach());
  CHECK(evaluate(*loss, batch).value ==
        doctest::Approx(0.5 * evaluate(*small, cut).value + 2 * evaluate(*large, batch).value)
            .epsilon(1e-12));
  const auto shared =
      make_loss(R"({"plugin": "matryoshka", "losses": ["contrastive"], "sizes": [2, 6]})");
  shared->prepare(law_setting(4, 6));
  CHECK(
      evaluate(*shared, batch).value ==
      doctest::Approx(evaluate(*large, cut).value + evaluate(*large, batch).value).epsilon(1e-12));
  auto error_of = [](const std::string& json) {
    try {
      make_loss(json)->prepare(law_setting(4, 6));
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(error_of(R"({"plugin": "matryoshka", "losses": ["proxy_anchor"], "sizes": [2, 6]})") ==
        "/losses: has trained tensors, which one size alone could have; give one for each size");
  CHECK(error_of(R"({"plugin": "matryoshka", "losses": ["contrastive"], "sizes": [2, 7]})") ==
        "/sizes: 7 is no size above the one before and at most the embedding's 6");
}

TEST_CASE("sum: losses with their weights, each with its own tensors") {
  const Batch batch = law_batch(kLabels, 5, 46);
  const auto sum = make_loss(
      R"({"plugin": "sum", "losses": ["contrastive", "proxy_anchor", "proxy_anchor"], "weights": [2, 0.5, 1]})");
  sum->prepare(law_setting(4, 5));
  REQUIRE(sum->parameters().size() == 2);
  CHECK(sum->parameters()[0].name == "loss_1/proxies");
  CHECK(sum->parameters()[1].name == "loss_2/proxies");
  double expected = 2 * evaluate(*make_loss(R"("contrastive")"), batch).value;
  for (std::size_t k = 0; k < 2; ++k) {
    const auto one = make_loss(R"("proxy_anchor")");
    one->prepare(law_setting(4, 5));
    one->parameters()[0].tensor.detach().copy_(sum->parameters()[k].tensor.detach());
    expected += (k == 0 ? 0.5 : 1) * evaluate(*one, batch).value;
  }
  CHECK(evaluate(*sum, batch).value == doctest::Approx(expected).epsilon(1e-12));
}

TEST_CASE("siamese_bce: the cross-entropy of pairs, and the distance that it learns") {
  const Batch batch = law_batch(kLabels, 4, 47);
  const std::vector<Row> x = rows(batch.embeddings);
  for (const bool balanced : {true, false}) {
    const auto loss = make_loss(std::string(R"({"plugin": "siamese_bce", "balanced": )") +
                                (balanced ? "true}" : "false}"));
    loss->prepare(law_setting(4, 4));
    // At first every weight is 1.
    CHECK(largest_difference(loss->learned_scale(), double_tensor({1, 1, 1, 1})) < 1e-15);
    tensor_named(loss->parameters(), "weights").detach().copy_(double_tensor({0.5, -1, 0, 2}));
    tensor_named(loss->parameters(), "bias").detach().fill_(1.5);
    Row w;
    for (const double value : {0.5, -1.0, 0.0, 2.0}) w.push_back(std::log(1 + std::exp(value)));
    CHECK(largest_difference(loss->learned_scale(), double_tensor(w)) < 1e-15);
    CHECK((loss->learned_distance() == Distance::manhattan));
    double positive = 0, negative = 0, n_positive = 0, n_negative = 0;
    for (std::size_t i = 0; i < 12; ++i)
      for (std::size_t j = 0; j < 12; ++j) {
        if (i == j) continue;
        double z = 1.5;
        for (std::size_t k = 0; k < 4; ++k) z -= w[k] * std::abs(x[i][k] - x[j][k]);
        const double p = 1 / (1 + std::exp(-z));
        if (kLabels[i] == kLabels[j])
          positive -= std::log(p), ++n_positive;
        else
          negative -= std::log(1 - p), ++n_negative;
      }
    const double expected = balanced ? (positive / n_positive + negative / n_negative) / 2
                                     : (positive + negative) / (n_positive + n_negative);
    CHECK(evaluate(*loss, batch).value == doctest::Approx(expected).epsilon(1e-12));
  }
}

TEST_CASE("deep_svdd: around the mean of the first embeddings, with and without a radius") {
  const Batch batch = law_batch(kLabels, 3, 43);
  const std::vector<Row> x = rows(batch.embeddings);
  // Values of the mean within 0.1 of 0 are moved to ±0.1.
  Snapshot snapshot{
      .embeddings = double_tensor({1, 0.04, -0.02, 3, 0.1, -0.08}).view({2, 3}).to(at::kFloat),
      .labels = integers({0, 1})};
  const Row center = {2, 0.1, -0.1};
  Row squares;
  double mean = 0;
  for (const Row& row : x) {
    squares.push_back(square(row, center));
    mean += squares.back() / 12;
  }
  const auto all = make_loss(R"("deep_svdd")");
  all->prepare(law_setting(4, 3));
  CHECK(all->wants_snapshot({0, 0, 0}));
  CHECK_FALSE(all->wants_snapshot({1, 0, 1}));
  all->see(snapshot);
  // The snapshot is in float32.
  CHECK(evaluate(*all, batch).value == doctest::Approx(mean).epsilon(1e-6));

  const auto soft =
      make_loss(R"({"plugin": "deep_svdd", "objective": "soft_boundary", "nu": 0.25})");
  soft->prepare(law_setting(4, 3));
  soft->see(snapshot);
  Row distances = squares;
  for (double& d : distances) d = std::sqrt(d);
  std::sort(distances.begin(), distances.end());
  // The place 0.75 · 11 = 8.25 of the sorted distances.
  const double radius = 0.75 * distances[8] + 0.25 * distances[9];
  double beyond = 0;
  for (const double s : squares) beyond += std::max(0.0, s - radius * radius) / 12;
  CHECK(evaluate(*soft, batch).value ==
        doctest::Approx(radius * radius + beyond / 0.25).epsilon(1e-6));
}

TEST_CASE("deep_sad: normal ones towards the centre, anomalies away from it") {
  const Batch batch = law_batch(kLabels, 3, 44);
  const auto loss = make_loss(
      R"({"plugin": "deep_sad", "normal": [0], "anomalous": [2, 3], "labelled_weight": 3})");
  loss->prepare(law_setting(4, 3));
  tensor_named(loss->buffers(), "center").copy_(double_tensor({0.5, -1, 0.2}));
  double sum = 0;
  const std::vector<Row> x = rows(batch.embeddings);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double s = square(x[i], {0.5, -1, 0.2});
    sum += kLabels[i] == 0 ? 3 * s : kLabels[i] == 1 ? s : 3 / (s + 1e-6);
  }
  CHECK(evaluate(*loss, batch).value == doctest::Approx(sum / 12).epsilon(1e-12));
}

TEST_CASE("bpr and collaborative_metric by their formulas, over all and over given tuples") {
  const Batch batch = law_batch(kLabels, 3, 45);
  const std::vector<Row> x = rows(batch.embeddings);
  auto similar = [&](std::size_t i, std::size_t j) { return i != j && kLabels[i] == kLabels[j]; };
  double sum = 0, n = 0, weighted = 0, pairs = 0;
  for (std::size_t u = 0; u < 12; ++u)
    for (std::size_t i = 0; i < 12; ++i) {
      if (!similar(u, i)) continue;
      double hinges = 0, impostors = 0, negatives = 0;
      for (std::size_t j = 0; j < 12; ++j) {
        if (kLabels[j] == kLabels[u]) continue;
        sum += std::log(1 + std::exp(dot(x[u], x[j]) - dot(x[u], x[i])));
        ++n;
        ++negatives;
        const double hinge = 0.5 + square(x[u], x[i]) - square(x[u], x[j]);
        if (hinge > 0) hinges += hinge, ++impostors;
      }
      weighted += std::log(1 + 100 * impostors / negatives) * hinges;
      ++pairs;
    }
  CHECK(evaluate(*make_loss(R"("bpr")"), batch).value == doctest::Approx(sum / n).epsilon(1e-12));
  CHECK(
      evaluate(*make_loss(R"({"plugin": "collaborative_metric", "n_items": 100})"), batch).value ==
      doctest::Approx(weighted / pairs).epsilon(1e-12));
  const Tuples triplets =
      Tuples::triplets(integers({0, 0, 4}), integers({3, 5, 1}), integers({1, 2, 6}));
  const double given = std::log(1 + std::exp(dot(x[0], x[1]) - dot(x[0], x[3]))) +
                       std::log(1 + std::exp(dot(x[0], x[2]) - dot(x[0], x[5]))) +
                       std::log(1 + std::exp(dot(x[4], x[6]) - dot(x[4], x[1])));
  CHECK(evaluate(*make_loss(R"("bpr")"), batch, triplets).value ==
        doctest::Approx(given / 3).epsilon(1e-12));
}

}  // namespace
