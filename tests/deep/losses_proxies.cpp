// SPDX-License-Identifier: BSD-3-Clause
// Losses with trained vectors of the classes: against values and gradients of an independent
// implementation, and against plain formulations.
#include <algorithm>
#include <cmath>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/network_model.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <numbers>

#include "reference.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;
using Json = nlohmann::json;

/// Its weights are columns.
at::Tensor transposed(const at::Tensor& weights) { return weights.t().contiguous(); }
/// Losses made of angles have no other distance.
void on_angles(Json& block, const Json&) {
  block.erase("distance");
  block.erase("normalize_embeddings");
}

TEST_CASE("normalized_softmax: reference values") {
  check_cases({.file = "NormalizedSoftmaxLoss",
               .loss = "normalized_softmax",
               .parameters = {{"temperature", "temperature"}},
               .defaults = {{"temperature", 0.05}},
               .weights = transposed});
}
TEST_CASE("arcface: reference values") {
  check_cases({.file = "ArcFaceLoss",
               .loss = "arcface",
               .parameters = {{"margin", "margin"}, {"scale", "scale"}},
               .defaults = {{"margin", 28.6}, {"scale", 64}},
               .adapt = on_angles,
               .weights = transposed});
}
TEST_CASE("cosface: reference values") {
  check_cases({.file = "CosFaceLoss",
               .loss = "cosface",
               .parameters = {{"margin", "margin"}, {"scale", "scale"}},
               .defaults = {{"margin", 0.35}, {"scale", 64}},
               .adapt = on_angles,
               .weights = transposed});
}
TEST_CASE("sphereface: reference values") {
  check_cases({.file = "SphereFaceLoss",
               .loss = "sphereface",
               .parameters = {{"margin", "margin"}, {"scale", "scale"}},
               .defaults = {{"margin", 4}, {"scale", 1}},
               .adapt = on_angles,
               .weights = transposed});
}
TEST_CASE("large_margin_softmax: reference values") {
  check_cases({.file = "LargeMarginSoftmaxLoss",
               .loss = "large_margin_softmax",
               .parameters = {{"margin", "margin"}, {"scale", "scale"}},
               .defaults = {{"margin", 4}, {"scale", 1}},
               .adapt = on_angles,
               .weights = transposed});
}
TEST_CASE("subcenter_arcface: reference values") {
  check_cases(
      {.file = "SubCenterArcFaceLoss",
       .loss = "subcenter_arcface",
       .parameters = {{"margin", "margin"}, {"scale", "scale"}, {"sub_centers", "sub_centers"}},
       .defaults = {{"margin", 28.6}, {"scale", 64}, {"sub_centers", 3}},
       .adapt = on_angles,
       .weights = transposed});
}
TEST_CASE("soft_triple: reference values") {
  check_cases(
      {.file = "SoftTripleLoss",
       .loss = "soft_triple",
       .parameters = {{"centers_per_class", "centers_per_class"},
                      {"la", "lambda"},
                      {"gamma", "gamma"},
                      {"margin", "margin"}},
       .defaults = {{"centers_per_class", 10}, {"lambda", 20}, {"gamma", 0.1}, {"margin", 0.01}},
       .weights = transposed});
}
TEST_CASE("proxy_nca: reference values, which are those of a softmax") {
  check_cases({.file = "ProxyNCALoss",
               .loss = "proxy_nca",
               .parameters = {{"softmax_scale", "softmax_scale"}},
               .defaults = {{"softmax_scale", 1}},
               .adapt = [](Json& block, const Json&) { block["own_in_denominator"] = true; }});
}
TEST_CASE("p2s_grad: reference values, whose weights are of length 1 to 1e-7") {
  check_cases({.file = "P2SGradLoss",
               .loss = "p2s_grad",
               .parameters = {},
               .adapt = on_angles,
               .weights = transposed,
               // There weights are of length 1 and the gradient that of x·w; ours, that of the
               // cosine, is its part along the sphere.
               .gradient =
                   [](const at::Tensor& gradient, const at::Tensor& weights) {
                     const at::Tensor along = gradient.mul(weights).sum(1, true);
                     return gradient.sub(weights.mul(along));
                   },
               .tolerance = 1e-6});
}

using Row = std::vector<double>;
using Rows = std::vector<Row>;

Rows rows_of_tensor(const at::Tensor& tensor) {
  const at::Tensor here = tensor.detach().contiguous();
  Rows rows;
  for (std::int64_t i = 0; i < here.size(0); ++i) {
    const double* row = here.data_ptr<double>() + i * here.size(1);
    rows.emplace_back(row, row + here.size(1));
  }
  return rows;
}
double dot(const Row& x, const Row& y) {
  double sum = 0;
  for (std::size_t k = 0; k < x.size(); ++k) sum += x[k] * y[k];
  return sum;
}
double length(const Row& x) { return std::sqrt(dot(x, x)); }
double cosine(const Row& x, const Row& y) { return dot(x, y) / (length(x) * length(y)); }
double squared_distance(Row x, Row y) {
  const double a = length(x), b = length(y);
  double sum = 0;
  for (std::size_t k = 0; k < x.size(); ++k) sum += std::pow(x[k] / a - y[k] / b, 2);
  return sum;
}
/// −log of the share of e^logits[y] in Σ e^logits[c].
double cross_entropy(const Row& logits, std::size_t y) {
  double sum = 0;
  for (const double logit : logits) sum += std::exp(logit - logits[y]);
  return std::log(sum);
}

const std::vector<std::int64_t> kLabels = {0, 1, 2, 0, 1, 0, 3, 2, 2, 0, 1, 1};

/// The mean over the examples of `term(x, y, vectors)`, against the shipped loss; with tuples given
/// each term weighs as often as its example is in them.
template <class Term>
void check_plain(const std::string& json, Term term, std::int64_t d = 6) {
  CAPTURE(json);
  for (const std::uint64_t seed : {1, 2, 3}) {
    const Batch batch = law_batch(kLabels, d, seed);
    const auto loss = make_loss(json);
    loss->prepare(law_setting(4, d));
    const Rows x = rows_of_tensor(batch.embeddings);
    const Rows vectors =
        loss->parameters().empty() ? Rows{} : rows_of_tensor(loss->parameters()[0].tensor);
    double sum = 0, weighted = 0;
    // Example 0 is in three tuples, 3 and 1 in two, 2 in one.
    const Tuples triplets =
        Tuples::triplets(integers({0, 0, 3}), integers({3, 3, 0}), integers({1, 1, 2}));
    const Row weights = {1, 2.0 / 3, 1.0 / 3, 1};
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double value = term(x[i], static_cast<std::size_t>(kLabels[i]), vectors);
      sum += value;
      weighted += i < 4 ? weights[i] * value : 0;
    }
    const auto n = static_cast<double>(x.size());
    CHECK(evaluate(*loss, batch).value == doctest::Approx(sum / n).epsilon(1e-12));
    const auto again = make_loss(json);
    again->prepare(law_setting(4, d));
    CHECK(evaluate(*again, batch, triplets).value == doctest::Approx(weighted / n).epsilon(1e-12));
  }
}

TEST_CASE("normalized_softmax by its formula") {
  check_plain(R"({"plugin": "normalized_softmax", "temperature": 0.3})",
              [](const Row& x, std::size_t y, const Rows& w) {
                Row logits;
                for (const Row& of : w) logits.push_back(cosine(x, of) / 0.3);
                return cross_entropy(logits, y);
              });
}

/// The angular margin of ArcFace.
double widened(double cosine, double margin) {
  const double angle = std::acos(cosine);
  return angle + margin <= std::numbers::pi ? std::cos(angle + margin)
                                            : cosine - margin * std::sin(margin);
}

TEST_CASE("arcface, cosface and dynamic_arcface by their formulas") {
  const double degree = std::numbers::pi / 180;
  for (const double margin : {20.0, 100.0})
    check_plain(R"({"plugin": "arcface", "scale": 5, "margin": )" + std::to_string(margin) + "}",
                [&](const Row& x, std::size_t y, const Rows& w) {
                  Row logits;
                  for (const Row& of : w) logits.push_back(5 * cosine(x, of));
                  logits[y] = 5 * widened(cosine(x, w[y]), margin * degree);
                  return cross_entropy(logits, y);
                });
  check_plain(R"({"plugin": "cosface", "scale": 5, "margin": 0.2})",
              [](const Row& x, std::size_t y, const Rows& w) {
                Row logits;
                for (const Row& of : w) logits.push_back(5 * cosine(x, of));
                logits[y] -= 5 * 0.2;
                return cross_entropy(logits, y);
              });
  // The setting of these batches has one training example of each class: its margin is a + b.
  check_plain(R"({"plugin": "dynamic_arcface", "scale": 5, "range": 20, "least": 4})",
              [&](const Row& x, std::size_t y, const Rows& w) {
                Row logits;
                for (const Row& of : w) logits.push_back(5 * cosine(x, of));
                logits[y] = 5 * widened(cosine(x, w[y]), 24 * degree);
                return cross_entropy(logits, y);
              });
}

TEST_CASE("dynamic_arcface: the margin falls with the number of examples") {
  const auto loss =
      make_loss(R"({"plugin": "dynamic_arcface", "range": 20, "least": 4, "exponent": 0.5})");
  LossSetting setting = law_setting(3, 2);
  setting.labels = {0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  loss->prepare(setting);
  REQUIRE(loss->buffers().size() == 1);
  const at::Tensor margins = loss->buffers()[0].tensor.mul(180 / std::numbers::pi);
  CHECK(margins[0].item<double>() == doctest::Approx(20 / std::sqrt(4) + 4));
  CHECK(margins[1].item<double>() == doctest::Approx(20 / std::sqrt(9) + 4));
  CHECK(margins[2].item<double>() == doctest::Approx(24));
}

TEST_CASE("sphereface and large_margin_softmax by their formulas") {
  auto psi = [](double cosine, int m) {
    const double angle = std::acos(cosine);
    int k = 0;
    while (angle > (k + 1) * std::numbers::pi / m) ++k;
    return (k % 2 == 0 ? 1 : -1) * std::cos(m * angle) - 2 * k;
  };
  for (const int m : {1, 2, 3, 4}) {
    const std::string more = R"(", "scale": 0.5, "margin": )" + std::to_string(m) + "}";
    check_plain(R"({"plugin": "sphereface)" + more,
                [&](const Row& x, std::size_t y, const Rows& w) {
                  Row logits;
                  for (std::size_t c = 0; c < w.size(); ++c) {
                    const double cos = cosine(x, w[c]);
                    logits.push_back(0.5 * length(x) * (c == y ? psi(cos, m) : cos));
                  }
                  return cross_entropy(logits, y);
                });
    check_plain(R"({"plugin": "large_margin_softmax)" + more,
                [&](const Row& x, std::size_t y, const Rows& w) {
                  Row logits;
                  for (std::size_t c = 0; c < w.size(); ++c) {
                    const double cos = cosine(x, w[c]);
                    logits.push_back(0.5 * length(x) * length(w[c]) * (c == y ? psi(cos, m) : cos));
                  }
                  return cross_entropy(logits, y);
                });
  }
}

TEST_CASE("subcenter_arcface and soft_triple by their formulas") {
  check_plain(R"({"plugin": "subcenter_arcface", "scale": 5, "margin": 20, "sub_centers": 2})",
              [](const Row& x, std::size_t y, const Rows& w) {
                Row logits;
                for (std::size_t c = 0; c < 4; ++c)
                  logits.push_back(5 * std::max(cosine(x, w[2 * c]), cosine(x, w[2 * c + 1])));
                logits[y] = 5 * widened(logits[y] / 5, 20 * std::numbers::pi / 180);
                return cross_entropy(logits, y);
              });
  check_plain(
      R"({"plugin": "soft_triple", "centers_per_class": 3, "lambda": 4, "gamma": 0.3, "margin": 0.1})",
      [](const Row& x, std::size_t y, const Rows& w) {
        Row logits;
        for (std::size_t c = 0; c < 4; ++c) {
          double above = 0, below = 0;
          for (std::size_t k = 0; k < 3; ++k) {
            const double s = cosine(x, w[3 * c + k]);
            above += std::exp(s / 0.3) * s;
            below += std::exp(s / 0.3);
          }
          logits.push_back(4 * (above / below - (c == y ? 0.1 : 0)));
        }
        return cross_entropy(logits, y);
      });
}

TEST_CASE("proxy_nca and proxy_nca_plus_plus by their formulas") {
  check_plain(R"({"plugin": "proxy_nca", "softmax_scale": 2})",
              [](const Row& x, std::size_t y, const Rows& p) {
                double others = 0;
                for (std::size_t c = 0; c < p.size(); ++c)
                  if (c != y) others += std::exp(-2 * squared_distance(x, p[c]));
                return -std::log(std::exp(-2 * squared_distance(x, p[y])) / others);
              });
  check_plain(R"("proxy_nca_plus_plus")", [](const Row& x, std::size_t y, const Rows& p) {
    Row logits;
    for (const Row& of : p) logits.push_back(-9 * squared_distance(x, of));
    return cross_entropy(logits, y);
  });
}

TEST_CASE("p2s_grad and magface by their formulas") {
  check_plain(R"("p2s_grad")", [](const Row& x, std::size_t y, const Rows& w) {
    double sum = 0;
    for (std::size_t c = 0; c < w.size(); ++c)
      sum += std::pow(cosine(x, w[c]) - (c == y ? 1 : 0), 2);
    return sum / static_cast<double>(w.size());
  });
  check_plain(
      R"({"plugin": "magface", "shortest": 1.5, "longest": 3, "lower_margin": 10, "upper_margin": 40, "scale": 5, "length_weight": 2})",
      [](const Row& x, std::size_t y, const Rows& w) {
        const double a = std::min(3.0, std::max(1.5, length(x)));
        const double margin = (10 + 30 * (a - 1.5) / 1.5) * std::numbers::pi / 180;
        Row logits;
        for (const Row& of : w) logits.push_back(5 * cosine(x, of));
        logits[y] = 5 * widened(cosine(x, w[y]), margin);
        return cross_entropy(logits, y) + 2 * (1 / a + a / 9);
      });
}

TEST_CASE("hyperbolic_proxies by its formula") {
  auto in_ball = [](Row x) {
    const double a = length(x);
    for (double& value : x) value *= std::tanh(std::min(a, 1.0)) / a;
    return x;
  };
  check_plain(
      R"({"plugin": "hyperbolic_proxies", "temperature": 0.5})",
      [&](const Row& x, std::size_t y, const Rows& p) {
        const Row u = in_ball(x);
        Row logits;
        for (const Row& of : p) {
          const Row v = in_ball(of);
          const double apart = dot(u, u) - 2 * dot(u, v) + dot(v, v);
          logits.push_back(-std::acosh(1 + 2 * apart / ((1 - dot(u, u)) * (1 - dot(v, v)))) / 0.5);
        }
        return cross_entropy(logits, y);
      });
}

TEST_CASE("hyperbolic_proxies: its models give embeddings where the loss compares them") {
  const auto loss = make_loss(R"("hyperbolic_proxies")");
  REQUIRE(loss->learned_distance() == Distance::poincare);
  const Examples examples({2}, std::vector<float>{0.3f, 0.4f, -3, 4, 0, 0});
  const auto network = registry().make<Architecture>(parse_json(R"("identity")"));
  build_network(*network, {2}, Random(0), at::kCPU);
  MatrixF embeddings = embed(*network, examples, at::kCPU);
  prepare_for(Distance::poincare, {}, embeddings);
  CHECK(embeddings(0, 0) == doctest::Approx(std::tanh(0.5) * 0.6));
  CHECK(embeddings(0, 1) == doctest::Approx(std::tanh(0.5) * 0.8));
  CHECK(embeddings(1, 0) == doctest::Approx(std::tanh(1.0) * -0.6));
  CHECK(embeddings(2, 0) == 0);
}

TEST_CASE("center: its formula, and how the centres follow") {
  const Batch batch = law_batch(kLabels, 3, 7);
  const auto loss = make_loss(R"({"plugin": "center", "center_rate": 0.5})");
  loss->prepare(law_setting(5, 3));
  const Rows x = rows_of_tensor(batch.embeddings);
  Rows centers(5, Row(3, 0));
  for (int step = 0; step < 3; ++step) {
    double sum = 0;
    Rows moved = centers;
    for (std::size_t c = 0; c < 5; ++c) {
      Row apart(3, 0);
      double n = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        if (static_cast<std::size_t>(kLabels[i]) != c) continue;
        ++n;
        for (std::size_t k = 0; k < 3; ++k) {
          sum += 0.5 * std::pow(x[i][k] - centers[c][k], 2);
          apart[k] += centers[c][k] - x[i][k];
        }
      }
      for (std::size_t k = 0; k < 3; ++k) moved[c][k] -= 0.5 * apart[k] / (1 + n);
    }
    CHECK(evaluate(*loss, batch).value == doctest::Approx(sum / 12).epsilon(1e-12));
    centers = moved;
    const Rows got = rows_of_tensor(loss->buffers()[0].tensor);
    for (std::size_t c = 0; c < 5; ++c)
      for (std::size_t k = 0; k < 3; ++k)
        CHECK(got[c][k] == doctest::Approx(centers[c][k]).epsilon(1e-12));
  }
}

TEST_CASE("adacos: its formula, and how the scale adapts") {
  const Batch batch = law_batch(kLabels, 6, 8);
  const auto loss = make_loss(R"("adacos")");
  loss->prepare(law_setting(6, 6));
  const Rows x = rows_of_tensor(batch.embeddings), w = rows_of_tensor(loss->parameters()[0].tensor);
  double s = std::sqrt(2) * std::log(5);
  for (int step = 0; step < 3; ++step) {
    double sum = 0, others = 0;
    std::vector<double> angles;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto y = static_cast<std::size_t>(kLabels[i]);
      Row logits;
      for (const Row& of : w) logits.push_back(s * cosine(x[i], of));
      sum += cross_entropy(logits, y);
      for (std::size_t c = 0; c < 6; ++c)
        if (c != y) others += std::exp(logits[c]);
      angles.push_back(std::acos(cosine(x[i], w[y])));
    }
    CHECK(evaluate(*loss, batch).value == doctest::Approx(sum / 12).epsilon(1e-12));
    // Of an even number the lower of the two in the middle.
    std::sort(angles.begin(), angles.end());
    s = std::max(1.0, std::log(others / 12) / std::cos(std::min(std::numbers::pi / 4, angles[5])));
    CHECK(loss->buffers()[0].tensor.item<double>() == doctest::Approx(s).epsilon(1e-12));
  }
}

TEST_CASE("curricularface: its formula, and the running mean") {
  const Batch batch = law_batch(kLabels, 6, 9);
  const auto loss =
      make_loss(R"({"plugin": "curricularface", "scale": 4, "margin": 20, "momentum": 0.3})");
  loss->prepare(law_setting(6, 6));
  const Rows x = rows_of_tensor(batch.embeddings), w = rows_of_tensor(loss->parameters()[0].tensor);
  double t = 0;
  for (int step = 0; step < 3; ++step) {
    double sum = 0, own = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto y = static_cast<std::size_t>(kLabels[i]);
      const double target = widened(cosine(x[i], w[y]), 20 * std::numbers::pi / 180);
      Row logits;
      for (std::size_t c = 0; c < 6; ++c) {
        const double cos = cosine(x[i], w[c]);
        logits.push_back(4 * (c == y ? target : target >= cos ? cos : cos * (t + cos)));
      }
      sum += cross_entropy(logits, y);
      own += cosine(x[i], w[y]);
    }
    CHECK(evaluate(*loss, batch).value == doctest::Approx(sum / 12).epsilon(1e-12));
    t = 0.7 * t + 0.3 * own / 12;
    CHECK(loss->buffers()[0].tensor.item<double>() == doctest::Approx(t).epsilon(1e-12));
  }
}

TEST_CASE("manifold: reference values") {
  const auto folder = deep_reference();
  if (!folder) {
    MESSAGE("skipped: no reference values on this machine");
    return;
  }
  const Json file = Json::parse(read_file(*folder / "losses" / "ManifoldLoss.json"));
  REQUIRE(file["cases"].size() == 2);
  for (const Json& is : file["cases"]) {
    const Json& params = is["params"];
    Json block = {{"plugin", "manifold"},
                  {"temperature", 0.5},
                  {"only_violations", true},
                  {"n_proxies", params["K"]}};
    for (const auto& [name, ours] :
         {std::pair{"alpha", "alpha"}, {"margin", "margin"}, {"lambdaC", "lambda_c"}})
      if (params.contains(name)) block[ours] = params[name];
    const auto loss = make_loss(block.dump());
    Batch batch = reference_batch(*folder);
    // The proxy of each row is given there; here it is that of its class.
    batch.labels = integers(is["meta_classes"].get<std::vector<std::int64_t>>());
    const std::int64_t k = params["K"];
    loss->prepare(law_setting(k, 16));
    REQUIRE(loss->buffers()[0].name == "meta_classes");
    for (std::int64_t c = 0; c < k; ++c) loss->buffers()[0].tensor[c] = c;
    auto array = [&](const char* of) { return read_tensor(*folder / is[of].get<std::string>()); };
    loss->parameters()[0].tensor.detach().copy_(array("weights"));
    const Outcome outcome = evaluate(*loss, batch);
    CHECK(std::abs(outcome.value - is["loss"].get<double>()) < 1e-10);
    CHECK(largest_difference(outcome.embeddings, array("grad_embeddings")) < 1e-10);
    CHECK(largest_difference(outcome.parameters[0], array("grad_weights")) < 1e-10);
  }
}

/// Where walks lead that go on with probability α, by walking.
Rows walked(const Rows& vectors, double temperature, double alpha) {
  const std::size_t n = vectors.size();
  Rows steps(n, Row(n, 0)), walks(n, Row(n, 0));
  Row degree(n, 0);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      if (i != j)
        steps[i][j] = std::exp(std::max(0.0, cosine(vectors[i], vectors[j])) / temperature);
      degree[i] += steps[i][j];
    }
  for (int step = 0; step < 300; ++step) {
    Rows next(n, Row(n, 0));
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        if (i == j) next[i][j] = 1 - alpha;
        for (std::size_t k = 0; k < n; ++k)
          next[i][j] += alpha * steps[i][k] / std::sqrt(degree[i] * degree[k]) * walks[k][j];
      }
    walks = next;
  }
  return walks;
}

TEST_CASE("manifold by its formula") {
  for (const bool only_violations : {false, true}) {
    const std::string json =
        R"({"plugin": "manifold", "n_proxies": 3, "temperature": 0.4, "alpha": 0.7, "margin": 0.02,
            "lambda_c": 0.6, "only_violations": )" +
        std::string(only_violations ? "true}" : "false}");
    const Batch batch = law_batch(kLabels, 6, 10);
    const auto loss = make_loss(json);
    loss->prepare(law_setting(4, 6));
    Rows vectors = rows_of_tensor(batch.embeddings);
    const std::size_t n = vectors.size();
    for (const Row& proxy : rows_of_tensor(loss->parameters()[0].tensor)) vectors.push_back(proxy);
    REQUIRE(vectors.size() == n + 3);
    const Rows f = walked(vectors, 0.4, 0.7);
    auto n_pair = [&](const Row& s, std::size_t y) {
      double sum = 1;
      for (std::size_t k = 0; k < s.size(); ++k) {
        const double excess = s[k] - s[y] + 0.02;
        if (k != y && (excess > 0 || !only_violations)) sum += std::exp(excess);
      }
      return std::log(sum);
    };
    Row terms;
    for (std::size_t i = 0; i < n; ++i) {
      Row near, whole;
      for (std::size_t k = n; k < n + 3; ++k) {
        near.push_back(f[i][k]);
        whole.push_back(cosine(f[i], f[k]));
      }
      const auto y =
          static_cast<std::size_t>(loss->buffers()[0].tensor[kLabels[i]].item<std::int64_t>());
      terms.push_back(n_pair(near, y) + 0.6 * n_pair(whole, y));
    }
    double sum = 0;
    for (const double term : terms) sum += term;
    CHECK(evaluate(*loss, batch).value ==
          doctest::Approx(sum / static_cast<double>(n)).epsilon(1e-12));
    // Example 0 is in two tuples, 3 and 1 in one.
    const Tuples pairs = Tuples::pairs(integers({0}), integers({3}), integers({0}), integers({1}));
    CHECK(evaluate(*loss, batch, pairs).value ==
          doctest::Approx((terms[0] + (terms[1] + terms[3]) / 2) / static_cast<double>(n))
              .epsilon(1e-12));
  }
}

TEST_CASE("manifold: the groups of classes are as large as each other but for one") {
  const auto loss = make_loss(R"({"plugin": "manifold", "n_proxies": 4})");
  loss->prepare(law_setting(10, 2));
  std::vector<int> sizes(4, 0);
  for (std::int64_t c = 0; c < 10; ++c)
    ++sizes.at(static_cast<std::size_t>(loss->buffers()[0].tensor[c].item<std::int64_t>()));
  std::sort(sizes.begin(), sizes.end());
  CHECK(sizes == std::vector<int>{2, 2, 3, 3});
  // Never more groups than classes.
  const auto few = make_loss(R"("manifold")");
  few->prepare(law_setting(3, 2));
  CHECK(few->parameters()[0].tensor.size(0) == 3);
}

}  // namespace
