// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/cat.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/optimizer.hpp>

namespace metriclab {

Optimizer::Optimizer(const OptimizerSettings& settings, const std::vector<NamedTensor>& parameters)
    : settings_(settings) {
  if (parameters.empty()) return;
  const WithoutAutograd off;
  std::vector<at::Tensor> flat;
  for (const NamedTensor& parameter : parameters)
    flat.push_back(parameter.tensor.detach().reshape({-1}));
  values_ = at::cat(flat);
  gradient_ = at::zeros_like(values_);
  if (settings_.optimizer != "rmsprop") direction_ = at::zeros_like(values_);
  if (settings_.optimizer != "sgd") square_ = at::zeros_like(values_);
  std::int64_t begin = 0;
  for (const NamedTensor& parameter : parameters) {
    const auto view = [&](const at::Tensor& all) {
      return all.narrow(0, begin, parameter.tensor.numel()).view(parameter.tensor.sizes());
    };
    parameter.tensor.set_data(view(values_));
    gradient_views_.push_back(view(gradient_));
    begin += parameter.tensor.numel();
  }
}

void Optimizer::set_gradients(const std::vector<at::Tensor>& gradients) {
  METRICLAB_CHECK(gradients.size() == gradient_views_.size(), "gradients of other parameters");
  const WithoutAutograd off;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (gradients[i].defined())
      gradient_views_[i].copy_(gradients[i]);
    else
      gradient_views_[i].zero_();
  }
}

double Optimizer::squared_norm() const {
  return gradient_.defined() ? at::dot(gradient_, gradient_).item<double>() : 0;
}

void Optimizer::scale_gradients(double factor) {
  if (gradient_.defined()) gradient_.mul_(factor);
}

void Optimizer::step(double learning_rate) {
  if (!values_.defined()) return;
  const WithoutAutograd off;
  ++steps_;
  const bool decoupled = settings_.optimizer == "adamw";
  if (settings_.weight_decay > 0) {
    if (decoupled)
      values_.mul_(1 - learning_rate * settings_.weight_decay);
    else
      gradient_.add_(values_, settings_.weight_decay);
  }
  if (settings_.optimizer == "sgd") {
    direction_.mul_(settings_.momentum).add_(gradient_);
    values_.add_(direction_, -learning_rate);
  } else if (settings_.optimizer == "rmsprop") {
    square_.mul_(settings_.rho).addcmul_(gradient_, gradient_, 1 - settings_.rho);
    values_.addcdiv_(gradient_, square_.sqrt().add_(settings_.epsilon), -learning_rate);
  } else {
    const auto t = static_cast<double>(steps_);
    direction_.mul_(settings_.beta1).add_(gradient_, 1 - settings_.beta1);
    square_.mul_(settings_.beta2).addcmul_(gradient_, gradient_, 1 - settings_.beta2);
    const double root = std::sqrt(1 - std::pow(settings_.beta2, t));
    const at::Tensor below = square_.sqrt().div_(root).add_(settings_.epsilon);
    values_.addcdiv_(direction_, below, -learning_rate / (1 - std::pow(settings_.beta1, t)));
  }
}

std::vector<NamedTensor> Optimizer::state() const {
  std::vector<NamedTensor> state;
  if (direction_.defined()) state.push_back({"direction", direction_});
  if (square_.defined()) state.push_back({"square", square_});
  return state;
}

}  // namespace metriclab
