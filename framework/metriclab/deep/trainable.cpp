// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/empty.h>

#include <metriclab/deep/architecture.hpp>
#include <metriclab/deep/loss.hpp>
#include <metriclab/deep/miner.hpp>
#include <metriclab/deep/sampler.hpp>
#include <metriclab/deep/trainable.hpp>
#include <metriclab/deep/transform.hpp>

namespace metriclab {

Trainable::~Trainable() = default;
Loss::~Loss() = default;
Miner::~Miner() = default;
Architecture::~Architecture() = default;
Sampler::~Sampler() = default;
Transform::~Transform() = default;

std::string Transform::described(const std::vector<std::int64_t>& shape) {
  return shape.size() == 1 ? "vectors of " + std::to_string(shape[0]) + " values"
                           : "arrays of " + std::to_string(shape.size()) + " axes";
}

namespace {

at::Tensor keep(std::vector<NamedTensor>& tensors, std::string name, at::Tensor initial) {
  for (NamedTensor& there : tensors)
    if (there.name == name) return there.tensor = std::move(initial);
  tensors.push_back({std::move(name), std::move(initial)});
  return tensors.back().tensor;
}

template <class Draw>
at::Tensor filled(at::IntArrayRef shape, at::ScalarType type, Draw draw) {
  const at::Tensor values = at::empty(shape, at::kDouble);
  double* data = values.data_ptr<double>();
  for (std::int64_t i = 0; i < values.numel(); ++i) data[i] = draw();
  return values.to(type);
}

}  // namespace

at::Tensor Trainable::parameter(std::string name, at::Tensor initial) {
  return keep(parameters_, std::move(name), initial.detach().requires_grad_(true));
}

at::Tensor Trainable::buffer(std::string name, at::Tensor initial) {
  return keep(buffers_, std::move(name), initial.detach());
}

void Trainable::adopt(const std::string& prefix, const Trainable& part) {
  for (const NamedTensor& held : part.parameters())
    keep(parameters_, prefix + "/" + held.name, held.tensor);
  for (const NamedTensor& held : part.buffers())
    keep(buffers_, prefix + "/" + held.name, held.tensor);
}

at::Tensor normal_tensor(at::IntArrayRef shape, double deviation, Random& random,
                         at::ScalarType type) {
  return filled(shape, type, [&] { return deviation * random.normal(); });
}

at::Tensor uniform_tensor(at::IntArrayRef shape, double low, double high, Random& random,
                          at::ScalarType type) {
  return filled(shape, type, [&] { return random.uniform(low, high); });
}

Tuples Tuples::pairs(at::Tensor positive_anchor, at::Tensor positive, at::Tensor negative_anchor,
                     at::Tensor negative) {
  Tuples tuples;
  tuples.form = Form::pairs;
  tuples.positive_anchor = std::move(positive_anchor);
  tuples.positive = std::move(positive);
  tuples.negative_anchor = std::move(negative_anchor);
  tuples.negative = std::move(negative);
  return tuples;
}

Tuples Tuples::triplets(at::Tensor anchor, at::Tensor positive, at::Tensor negative) {
  Tuples tuples;
  tuples.form = Form::triplets;
  tuples.anchor = std::move(anchor);
  tuples.positive = std::move(positive);
  tuples.negative = std::move(negative);
  return tuples;
}

}  // namespace metriclab
