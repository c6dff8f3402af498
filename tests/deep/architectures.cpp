// SPDX-License-Identifier: BSD-3-Clause
// Architectures against plain loops, their gradients against finite differences, their parameters
// counted by formula. Seeded random values.
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/network_model.hpp>
#include <metriclab/plugin/json.hpp>
#include <numeric>

#include "training_support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

std::unique_ptr<Architecture> built(const std::string& json, const Shape& input,
                                    std::uint64_t seed = 1) {
  auto network = registry().make<Architecture>(parse_json(json));
  build_network(*network, input, Random(seed), at::kCPU);
  return network;
}

at::Tensor inputs_of(std::int64_t n, const Shape& input, at::ScalarType type = at::kDouble) {
  Shape shape = {n};
  shape.insert(shape.end(), input.begin(), input.end());
  Random random(7, "inputs");
  return normal_tensor(shape, 1, random, type);
}

std::int64_t count(const Architecture& network) {
  std::int64_t sum = 0;
  for (const NamedTensor& held : network.parameters()) sum += held.tensor.numel();
  return sum;
}

std::vector<double> values_of(const Trainable& network, const std::string& name) {
  for (const NamedTensor& held : tensors_of(network))
    if (held.name == name) {
      const at::Tensor flat = held.tensor.detach().to(at::kDouble).contiguous();
      return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
    }
  throw Error("there is no tensor " + name);
}

/// Images and activations as plain numbers: (n, c, h, w).
struct Plane {
  std::int64_t n, c, h, w;
  std::vector<double> values;
  Plane(std::int64_t n_, std::int64_t c_, std::int64_t h_, std::int64_t w_)
      : n(n_), c(c_), h(h_), w(w_), values(static_cast<std::size_t>(n * c * h * w)) {}
  double& at(std::int64_t i, std::int64_t k, std::int64_t y, std::int64_t x) {
    return values[static_cast<std::size_t>(((i * c + k) * h + y) * w + x)];
  }
};

Plane convolved(Plane& in, const std::vector<double>& weight, std::int64_t filters) {
  Plane out(in.n, filters, in.h, in.w);
  for (std::int64_t i = 0; i < in.n; ++i)
    for (std::int64_t f = 0; f < filters; ++f)
      for (std::int64_t y = 0; y < in.h; ++y)
        for (std::int64_t x = 0; x < in.w; ++x)
          for (std::int64_t k = 0; k < in.c; ++k)
            for (std::int64_t dy = -1; dy <= 1; ++dy)
              for (std::int64_t dx = -1; dx <= 1; ++dx)
                if (y + dy >= 0 && y + dy < in.h && x + dx >= 0 && x + dx < in.w)
                  out.at(i, f, y, x) +=
                      in.at(i, k, y + dy, x + dx) *
                      weight[static_cast<std::size_t>(((f * in.c + k) * 3 + dy + 1) * 3 + dx + 1)];
  return out;
}

/// By the batch's statistics, or, outside of training, as (x − 0) / √(1 + ε): those a network
/// starts with. Its weight is 1 and its bias 0 then, too.
void normalize(Plane& plane, bool training) {
  for (std::int64_t k = 0; k < plane.c; ++k) {
    double sum = 0, squares = 0;
    const auto each = [&](auto f) {
      for (std::int64_t i = 0; i < plane.n; ++i)
        for (std::int64_t y = 0; y < plane.h; ++y)
          for (std::int64_t x = 0; x < plane.w; ++x) f(plane.at(i, k, y, x));
    };
    const auto n = static_cast<double>(plane.n * plane.h * plane.w);
    each([&](double value) { sum += value; });
    const double mean = training ? sum / n : 0;
    each([&](double value) { squares += (value - mean) * (value - mean); });
    const double variance = training ? squares / n : 1;
    each([&](double& value) { value = (value - mean) / std::sqrt(variance + 1e-5); });
  }
}

Plane rectified_and_pooled(Plane& in) {
  Plane out(in.n, in.c, in.h / 2, in.w / 2);
  for (std::int64_t i = 0; i < in.n; ++i)
    for (std::int64_t k = 0; k < in.c; ++k)
      for (std::int64_t y = 0; y < out.h; ++y)
        for (std::int64_t x = 0; x < out.w; ++x)
          out.at(i, k, y, x) =
              std::max({0.0, in.at(i, k, 2 * y, 2 * x), in.at(i, k, 2 * y, 2 * x + 1),
                        in.at(i, k, 2 * y + 1, 2 * x), in.at(i, k, 2 * y + 1, 2 * x + 1)});
  return out;
}

/// (rows × out) of (rows × in).
std::vector<double> mapped(const std::vector<double>& x, std::int64_t rows,
                           const std::vector<double>& weight, const std::vector<double>& bias) {
  const std::size_t in = x.size() / static_cast<std::size_t>(rows), out = weight.size() / in;
  std::vector<double> y;
  for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i)
    for (std::size_t o = 0; o < out; ++o)
      y.push_back(std::inner_product(x.begin() + static_cast<std::ptrdiff_t>(i * in),
                                     x.begin() + static_cast<std::ptrdiff_t>((i + 1) * in),
                                     weight.begin() + static_cast<std::ptrdiff_t>(o * in),
                                     bias.empty() ? 0 : bias[o]));
  return y;
}

void check_equal(const at::Tensor& found, const std::vector<double>& expected, double close) {
  const at::Tensor flat = found.detach().to(at::kDouble).contiguous();
  REQUIRE(flat.numel() == static_cast<std::int64_t>(expected.size()));
  double worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i)
    worst = std::max(worst, std::abs(flat.data_ptr<double>()[i] - expected[i]));
  CHECK(worst < close);
}

TEST_CASE("conv4 is four blocks of convolution, normalisation, ReLU and pooling") {
  struct Case {
    std::string json;
    Shape input;
    std::int64_t filters;
  };
  const Case cases[] = {{R"({"plugin": "conv4", "filters": 4})", {1, 28, 28}, 4},
                        {R"({"plugin": "conv4", "filters": 3, "embedding": 5})", {3, 17, 37}, 3}};
  for (const auto& [json, input, filters] : cases)
    for (const bool training : {true, false}) {
      CAPTURE(json);
      CAPTURE(training);
      const auto network = built(json, input);
      const at::Tensor images = inputs_of(5, input, at::kFloat);
      Plane plane(5, input[0], input[1], input[2]);
      std::transform(images.data_ptr<float>(), images.data_ptr<float>() + images.numel(),
                     plane.values.begin(), [](float v) { return static_cast<double>(v); });
      for (int block = 1; block <= 4; ++block) {
        plane = convolved(plane, values_of(*network, "block" + std::to_string(block) + ".weight"),
                          filters);
        normalize(plane, training);
        plane = rectified_and_pooled(plane);
      }
      std::vector<double> expected = plane.values;
      if (network->embedding_size() == 5)
        expected = mapped(expected, 5, values_of(*network, "embedding.weight"),
                          values_of(*network, "embedding.bias"));
      check_equal(network->forward(images, training), expected, 2e-4);
      in_double(*network);
      check_equal(network->forward(images.to(at::kDouble), training), expected, 1e-10);
    }
}

TEST_CASE("mlp is linear layers with ReLU between them") {
  const Shape input = {2, 3};
  const auto network = built(R"({"plugin": "mlp", "hidden": [7, 4], "embedding": 3})", input);
  in_double(*network);
  const at::Tensor x = inputs_of(6, input);
  std::vector<double> expected(x.data_ptr<double>(), x.data_ptr<double>() + x.numel());
  for (const std::string name : {"hidden1", "hidden2", "embedding"}) {
    expected = mapped(expected, 6, values_of(*network, name + ".weight"),
                      values_of(*network, name + ".bias"));
    if (name != "embedding")
      for (double& value : expected) value = std::max(value, 0.0);
  }
  check_equal(network->forward(x, true), expected, 1e-12);
  check_equal(network->forward(x, false), expected, 1e-12);
}

TEST_CASE("identity and linear, and normalised embeddings") {
  const Shape input = {1, 2, 2};
  const at::Tensor x = inputs_of(3, input);
  const std::vector<double> flat(x.data_ptr<double>(), x.data_ptr<double>() + x.numel());
  check_equal(built(R"("identity")", input)->forward(x, true), flat, 1e-15);
  const auto linear = built(R"({"plugin": "linear", "embedding": 2, "bias": false})", input);
  in_double(*linear);
  check_equal(linear->forward(x, true), mapped(flat, 3, values_of(*linear, "linear.weight"), {}),
              1e-13);
  const auto unit = built(R"({"plugin": "identity", "normalize": true})", input);
  std::vector<double> normalized = flat;
  for (std::size_t i = 0; i < 12; ++i) {
    double square = 0;
    for (std::size_t k = 0; k < 4; ++k) square += flat[i / 4 * 4 + k] * flat[i / 4 * 4 + k];
    normalized[i] /= std::sqrt(square);
  }
  check_equal(unit->forward(x, false), normalized, 1e-14);
}

TEST_CASE("parameters are as many as the formulas say") {
  const auto parameters = [](const char* json, const Shape& input) {
    return count(*built(json, input));
  };
  CHECK(parameters(R"("conv4")", {1, 28, 28}) == 9 * 64 * (1 + 3 * 64) + 8 * 64);
  CHECK(parameters(R"({"plugin": "conv4", "embedding": 10})", {3, 32, 32}) ==
        9 * 64 * (3 + 3 * 64) + 8 * 64 + (4 * 64 + 1) * 10);
  CHECK(parameters(R"("identity")", {5}) == 0);
  CHECK(parameters(R"({"plugin": "linear", "embedding": 3})", {5}) == 6 * 3);
  CHECK(parameters(R"({"plugin": "linear", "embedding": 3, "bias": false})", {5}) == 5 * 3);
  CHECK(parameters(R"({"plugin": "mlp", "hidden": [7, 4], "embedding": 3})", {5}) ==
        6 * 7 + 8 * 4 + 5 * 3);
  CHECK(parameters(R"({"plugin": "mlp", "hidden": [7, 4], "embedding": 3, "batch_norm": true})",
                   {5}) == 5 * 7 + 2 * 7 + 7 * 4 + 2 * 4 + 5 * 3);
  CHECK(parameters(R"({"plugin": "mlp", "hidden": [], "embedding": 3})", {5}) == 6 * 3);
  CHECK(built(R"("conv4")", {1, 28, 28})->embedding_size() == 64);
  CHECK(built(R"("conv4")", {1, 105, 105})->embedding_size() == 64 * 6 * 6);
}

TEST_CASE("gradients are those of finite differences") {
  struct Case {
    std::string json;
    Shape input;
  };
  const Case cases[] = {
      {R"({"plugin": "linear", "embedding": 3, "normalize": true})", {5}},
      {R"({"plugin": "mlp", "hidden": [6], "embedding": 3})", {5}},
      {R"({"plugin": "mlp", "hidden": [6, 5], "embedding": 3, "batch_norm": true, "dropout": 0.3})",
       {5}},
      {R"({"plugin": "conv4", "filters": 2, "embedding": 3})", {2, 18, 16}}};
  for (const auto& [json, input] : cases) {
    CAPTURE(json);
    const auto network = built(json, input);
    in_double(*network);
    const at::Tensor x = inputs_of(4, input);
    Random random(9);
    const at::Tensor weights = normal_tensor({4, 3}, 1, random, at::kDouble);
    const auto value = [&] {
      network->draw_from(Random(3));
      return network->forward(x, true).mul(weights).sum();
    };
    std::vector<at::Tensor> inputs;
    for (const NamedTensor& held : network->parameters()) inputs.push_back(held.tensor);
    const std::vector<at::Tensor> gradients = gradients_of(value(), inputs);
    const WithoutAutograd off;
    constexpr double kStep = 1e-6;
    for (std::size_t t = 0; t < inputs.size(); ++t) {
      CAPTURE(network->parameters()[t].name);
      const at::Tensor gradient = gradients[t].contiguous();
      for (std::int64_t i = 0; i < inputs[t].numel(); ++i) {
        double* at = inputs[t].data_ptr<double>() + i;
        const double before = *at;
        *at = before + kStep;
        const double above = value().item<double>();
        *at = before - kStep;
        const double below = value().item<double>();
        *at = before;
        CHECK(gradient.data_ptr<double>()[i] ==
              doctest::Approx((above - below) / (2 * kStep)).epsilon(2e-5).scale(1));
      }
    }
  }
}

TEST_CASE("conv4's gradients in float32, which other kernels compute, are those of float64") {
  Random random(11);
  const at::Tensor x = uniform_tensor({32, 1, 28, 28}, 0, 1, random),
                   weights = normal_tensor({32, 64}, 1, random);
  std::vector<std::vector<at::Tensor>> gradients;
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    const auto network = built(R"("conv4")", {1, 28, 28});
    if (type == at::kDouble) in_double(*network);
    std::vector<at::Tensor> inputs;
    for (const NamedTensor& held : network->parameters()) inputs.push_back(held.tensor);
    gradients.push_back(
        gradients_of(network->forward(x.to(type), true).mul(weights.to(type)).sum(), inputs));
  }
  for (std::size_t i = 0; i < gradients[0].size(); ++i)
    CHECK(largest_difference(gradients[0][i], gradients[1][i]) <
          1e-4 * gradients[1][i].abs().max().item<double>());
}

TEST_CASE("initial weights have the variance of He and of LeCun, and depend on the stream alone") {
  const auto network = built(R"({"plugin": "mlp", "hidden": [400], "embedding": 300})", {500}, 5);
  const auto deviation = [&](const char* name) {
    const std::vector<double> values = values_of(*network, name);
    double squares = 0;
    for (const double value : values) squares += value * value;
    return std::sqrt(squares / static_cast<double>(values.size()));
  };
  // 200 000 and 120 000 normals: the deviation of the estimate is below 0.25 %.
  CHECK(deviation("hidden1.weight") == doctest::Approx(std::sqrt(2.0 / 500)).epsilon(0.01));
  CHECK(deviation("embedding.weight") == doctest::Approx(std::sqrt(1.0 / 400)).epsilon(0.01));
  CHECK(deviation("embedding.bias") == 0);
  const auto again = built(R"({"plugin": "mlp", "hidden": [400], "embedding": 300})", {500}, 5);
  const auto other = built(R"({"plugin": "mlp", "hidden": [400], "embedding": 300})", {500}, 6);
  CHECK(values_of(*again, "hidden1.weight") == values_of(*network, "hidden1.weight"));
  CHECK(values_of(*other, "hidden1.weight") != values_of(*network, "hidden1.weight"));
}

TEST_CASE("dropout leaves out that part of the units, in training only") {
  const Shape input = {4000};
  // One layer of units that are 1 whatever comes in, and an embedding that is each of them.
  const auto network =
      built(R"({"plugin": "mlp", "hidden": [1000], "embedding": 1, "dropout": 0.3})", {2});
  for (const NamedTensor& held : network->parameters()) {
    const WithoutAutograd off;
    const bool is_one = held.name == "hidden1.bias" || held.name == "embedding.weight";
    held.tensor.detach().fill_(is_one ? 1 : 0);
  }
  const at::Tensor x = at::zeros({1, 2});
  CHECK(network->forward(x, false).item<float>() == 1000);
  network->draw_from(Random(1));
  // Binomial(1000, 0.7) / 0.7: mean 1000, deviation √(1000 · 0.3 / 0.7) = 21; seeded.
  const float once = network->forward(x, true).item<float>();
  CHECK(once == doctest::Approx(1000).epsilon(0.08));
  CHECK(once != 1000);
  network->draw_from(Random(1));
  CHECK(network->forward(x, true).item<float>() == once);
  network->draw_from(Random(2));
  CHECK(network->forward(x, true).item<float>() != once);
}

TEST_CASE("what a network can't take is said") {
  const auto message = [](const char* json, const Shape& input) -> std::string {
    try {
      built(json, input);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  CHECK(message(R"("conv4")", {13}) ==
        "conv4 takes images, (channels, height, width); these are vectors of 13");
  CHECK(message(R"("conv4")", {1, 28, 15}) ==
        "conv4 halves images four times, so that height and width must be at least 16; these are "
        "28 x "
        "15");
  CHECK(message(R"("conv4")", {1, 16, 16}).empty());
}

TEST_CASE("a batch of one example trains by the running statistics") {
  const auto network =
      built(R"({"plugin": "mlp", "hidden": [4], "embedding": 2, "batch_norm": true})", {3});
  const at::Tensor x = inputs_of(1, {3}, at::kFloat);
  CHECK(network->forward(x, true).equal(network->forward(x, false)));
  CHECK(values_of(*network, "hidden1.norm.variance") == std::vector<double>(4, 1));
}

}  // namespace
