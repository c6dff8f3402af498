// SPDX-License-Identifier: BSD-3-Clause
// The fused operation against loops as the formula stands, against the separate operations, and its
// gradient against finite differences. Seeded random values.
#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <limits>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/norm_relu_pool.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

NormTensors norm_of(std::int64_t channels, Random& random, at::ScalarType type) {
  return {normal_tensor({channels}, 1, random, type).requires_grad_(true),
          normal_tensor({channels}, 1, random, type).requires_grad_(true),
          normal_tensor({channels}, 1, random, type),
          uniform_tensor({channels}, 1, 2, random, type)};
}

NormTensors copy_of(const NormTensors& norm) {
  return {norm.weight.detach().clone().requires_grad_(true),
          norm.bias.detach().clone().requires_grad_(true), norm.mean.clone(),
          norm.variance.clone()};
}

struct Images {
  std::int64_t n, c, h, w;
};
constexpr Images kShapes[] = {
    {3, 5, 6, 8}, {2, 3, 7, 5}, {1, 1, 2, 2}, {4, 64, 3, 3}, {2, 2, 2, 9}};

/// The output for double input, by the formula; moves the running statistics likewise.
at::Tensor by_loops(const at::Tensor& given, const NormTensors& norm) {
  const at::Tensor x = given.detach().contiguous();
  const std::int64_t n = x.size(0), c = x.size(1), h = x.size(2), w = x.size(3);
  const auto count = static_cast<double>(n * h * w);
  const at::Tensor y = at::zeros({n, c, h / 2, w / 2}, x.options());
  for (std::int64_t k = 0; k < c; ++k) {
    const auto at = [&](std::int64_t i, std::int64_t row, std::int64_t column) {
      return x.data_ptr<double>()[((i * c + k) * h + row) * w + column];
    };
    double mean = 0, variance = 0;
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t p = 0; p < h * w; ++p) mean += at(i, 0, p) / count;
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t p = 0; p < h * w; ++p) variance += std::pow(at(i, 0, p) - mean, 2) / count;
    const auto value = [&](std::int64_t i, std::int64_t row, std::int64_t column) {
      return norm.weight.data_ptr<double>()[k] * (at(i, row, column) - mean) /
                 std::sqrt(variance + 1e-5) +
             norm.bias.data_ptr<double>()[k];
    };
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t row = 0; row < h / 2; ++row)
        for (std::int64_t column = 0; column < w / 2; ++column) {
          double best = 0;
          for (int corner = 0; corner < 4; ++corner)
            best = std::max(best, value(i, 2 * row + corner / 2, 2 * column + corner % 2));
          y.data_ptr<double>()[((i * c + k) * (h / 2) + row) * (w / 2) + column] = best;
        }
    double* running = norm.mean.data_ptr<double>() + k;
    *running = 0.9 * *running + 0.1 * mean;
    running = norm.variance.data_ptr<double>() + k;
    *running = 0.9 * *running + 0.1 * variance * count / (count - 1);
  }
  return y;
}

TEST_CASE("the fused operation is the formula") {
  Random random(1);
  for (const auto& [n, c, h, w] : kShapes) {
    CAPTURE(h);
    CAPTURE(w);
    // Far from 0, where a careless variance loses its digits.
    const at::Tensor x = normal_tensor({n, c, h, w}, 2, random, at::kDouble).add(30);
    const NormTensors norm = norm_of(c, random, at::kDouble), plain = copy_of(norm);
    const at::Tensor expected = by_loops(x, plain);
    CHECK(largest_difference(norm_relu_pool(x, norm, true), expected) < 1e-11);
    CHECK(largest_difference(norm.mean, plain.mean) < 1e-12);
    CHECK(largest_difference(norm.variance, plain.variance) < 1e-11);
  }
}

TEST_CASE("float32 and float64, channels first and last, agree with the separate operations") {
  Random random(2);
  for (const auto& [n, c, h, w] : kShapes)
    for (const at::ScalarType type : {at::kFloat, at::kDouble})
      for (const bool last : {false, true}) {
        CAPTURE(h);
        CAPTURE(w);
        at::Tensor x = normal_tensor({n, c, h, w}, 1, random, type).add(3);
        if (last) x = x.contiguous(kChannelsLast);
        const at::Tensor xs[] = {x.clone().requires_grad_(true), x.clone().requires_grad_(true)};
        const NormTensors norm = norm_of(c, random, type), plain = copy_of(norm);
        const at::Tensor weights = normal_tensor({n, c, h / 2, w / 2}, 1, random, type);
        const at::Tensor fused = norm_relu_pool(xs[0], norm, true),
                         separate = norm_relu_pool_plain(xs[1], plain, true);
        const double close = type == at::kFloat ? 3e-5 : 1e-12;
        CHECK(largest_difference(fused, separate) < close);
        const auto a = gradients_of(fused.mul(weights).sum(), {xs[0], norm.weight, norm.bias}),
                   b = gradients_of(separate.mul(weights).sum(), {xs[1], plain.weight, plain.bias});
        for (std::size_t i = 0; i < a.size(); ++i)
          CHECK(largest_difference(a[i], b[i]) < 10 * close);
        CHECK(largest_difference(norm.mean, plain.mean) < close);
        CHECK(largest_difference(norm.variance, plain.variance) < close);
      }
}

TEST_CASE("the gradient is that of finite differences") {
  Random random(3);
  const at::Tensor x = normal_tensor({2, 3, 5, 4}, 1, random, at::kDouble).requires_grad_(true);
  const NormTensors norm = norm_of(3, random, at::kDouble);
  const at::Tensor weights = normal_tensor({2, 3, 2, 2}, 1, random, at::kDouble);
  const auto value = [&] { return norm_relu_pool(x, norm, true).mul(weights).sum(); };
  const std::vector<at::Tensor> inputs = {x, norm.weight, norm.bias};
  const std::vector<at::Tensor> gradients = gradients_of(value(), inputs);
  constexpr double kStep = 1e-6;
  const WithoutAutograd off;
  for (std::size_t t = 0; t < inputs.size(); ++t) {
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
            doctest::Approx((above - below) / (2 * kStep)).epsilon(1e-6).scale(1));
    }
  }
}

TEST_CASE("of equal maxima the first has the gradient, and what the ReLU cuts off has none") {
  // One channel, two images of one square each: x̂ is ±1 / √(1 + 10⁻⁵).
  const at::Tensor x = at::zeros({2, 1, 2, 2}, at::kDouble);
  for (int i = 0; i < 8; ++i) x.data_ptr<double>()[i] = i < 4 ? 1 : -1;
  x.requires_grad_(true);
  NormTensors norm = {at::zeros({1}, at::kDouble).add(1), at::zeros({1}, at::kDouble),
                      at::zeros({1}, at::kDouble), at::zeros({1}, at::kDouble).add(1)};
  norm.bias.requires_grad_(true);
  const at::Tensor y = norm_relu_pool(x, norm, true);
  CHECK(y.reshape({-1}).data_ptr<double>()[0] == doctest::Approx(1 / std::sqrt(1 + 1e-5)));
  CHECK(y.reshape({-1}).data_ptr<double>()[1] == 0);
  const auto gradients = gradients_of(y.sum(), {x, norm.bias});
  CHECK(gradients[1].item<double>() == 1);  // one square is alive
  // g is 1 at the first value: dx = γ/σ (g − 1/8 − x̂ x̂₀/8).
  const double inverse = 1 / std::sqrt(1 + 1e-5);
  for (int i = 0; i < 8; ++i) {
    const double unit = (i < 4 ? 1 : -1) * inverse;
    CHECK(gradients[0].reshape({-1}).data_ptr<double>()[i] ==
          doctest::Approx(inverse * ((i == 0 ? 1 : 0) - 1 / 8.0 - unit * inverse / 8)));
  }
}

TEST_CASE("a value that is not finite is seen in its channel") {
  Random random(4);
  at::Tensor x = normal_tensor({2, 3, 4, 4}, 1, random);
  x.data_ptr<float>()[5] = std::numeric_limits<float>::quiet_NaN();
  const NormTensors norm = norm_of(3, random, at::kFloat);
  const at::Tensor y = norm_relu_pool(x, norm, true);
  CHECK(y.select(1, 0).isnan().all().item<bool>());
  CHECK(y.narrow(1, 1, 2).isfinite().all().item<bool>());
}

TEST_CASE("outside of training, and of single values, the running statistics are used and stay") {
  Random random(5);
  const at::Tensor x = normal_tensor({2, 3, 4, 4}, 1, random, at::kDouble);
  const NormTensors norm = norm_of(3, random, at::kDouble), before = copy_of(norm);
  const at::Tensor y = norm_relu_pool(x, norm, false);
  const at::Tensor expected = x.sub(norm.mean.view({1, 3, 1, 1}))
                                  .div(norm.variance.add(1e-5).sqrt().view({1, 3, 1, 1}))
                                  .mul(norm.weight.detach().view({1, 3, 1, 1}))
                                  .add(norm.bias.detach().view({1, 3, 1, 1}))
                                  .clamp_min(0)
                                  .view({2, 3, 2, 2, 2, 2})
                                  .amax({3, 5});
  CHECK(largest_difference(y, expected) < 1e-12);
  CHECK(largest_difference(norm.mean, before.mean) == 0);
  CHECK(largest_difference(norm.variance, before.variance) == 0);
  CHECK_FALSE(uses_batch_statistics(at::zeros({1, 3, 1, 1}), true));
  CHECK(uses_batch_statistics(at::zeros({2, 3, 1, 1}), true));
}

TEST_CASE("the number of threads changes nothing") {
  Random random(6);
  const at::Tensor x = normal_tensor({7, 5, 6, 6}, 1, random);
  const NormTensors norm = norm_of(5, random, at::kFloat);
  std::vector<at::Tensor> outputs;
  for (const int threads : {1, 2}) {
    at::set_num_threads(threads);
    outputs.push_back(norm_relu_pool(x, copy_of(norm), true).detach());
  }
  at::set_num_threads(1);
  CHECK(outputs[0].equal(outputs[1]));
}

}  // namespace
