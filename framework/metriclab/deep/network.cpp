// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <functional>
#include <metriclab/deep/distance.hpp>
#include <metriclab/deep/network.hpp>
#include <numeric>

namespace metriclab {

Network::~Network() = default;

void Network::build(const std::vector<std::int64_t>& input, Random& random) {
  embedding_size_ = make_layers(input, random);
}

at::Tensor Network::forward(const at::Tensor& inputs, bool training) {
  const at::Tensor embeddings = embed(inputs, training);
  return normalize ? normalized_rows(embeddings) : embeddings;
}

at::Tensor Network::Linear::operator()(const at::Tensor& x) const {
  return at::linear(x, weight, bias);
}

at::Tensor Network::BatchNorm::operator()(const at::Tensor& x, bool training) const {
  return at::batch_norm(x, weight, bias, mean, variance, uses_batch_statistics(x, training),
                        kRunningShare, kNormEpsilon, false);
}

Network::Linear Network::linear(const std::string& name, std::int64_t in, std::int64_t out,
                                Before before, bool has_bias, Random& random) {
  Linear layer;
  layer.weight = weights(name + ".weight", {out, in}, in, before, random);
  if (has_bias) layer.bias = parameter(name + ".bias", at::zeros({out}));
  return layer;
}

Network::BatchNorm Network::batch_norm(const std::string& name, std::int64_t channels) {
  return {{.weight = parameter(name + ".weight", at::ones({channels})),
           .bias = parameter(name + ".bias", at::zeros({channels})),
           .mean = buffer(name + ".mean", at::zeros({channels})),
           .variance = buffer(name + ".variance", at::ones({channels}))}};
}

at::Tensor Network::weights(const std::string& name, at::IntArrayRef shape, std::int64_t inputs,
                            Before before, Random& random) {
  const double gain = before == Before::relu ? 2 : 1;
  return parameter(name,
                   normal_tensor(shape, std::sqrt(gain / static_cast<double>(inputs)), random));
}

std::int64_t dimension_of(const std::vector<std::int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

}  // namespace metriclab
