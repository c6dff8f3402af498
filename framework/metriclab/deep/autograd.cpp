// SPDX-License-Identifier: BSD-3-Clause
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>

#include <metriclab/deep/autograd.hpp>
#include <metriclab/plugin/error.hpp>

namespace metriclab {
namespace {

using torch::autograd::variable_list;

class BackwardNode final : public torch::autograd::Node {
 public:
  BackwardNode(torch::autograd::edge_list edges, Backward backward)
      : Node(std::move(edges)), backward_(std::move(backward)) {}
  variable_list apply(variable_list&& gradients) override {
    if (!gradients[0].defined()) return variable_list(num_outputs());
    METRICLAB_CHECK(backward_, "a second backward pass through a graph that was not retained");
    const WithoutAutograd off;
    return backward_(gradients[0]);
  }
  void release_variables() override { backward_ = nullptr; }
  std::string name() const override { return "metriclab"; }

 private:
  Backward backward_;
};

}  // namespace

WithoutAutograd::WithoutAutograd() : before_(at::GradMode::is_enabled()) {
  at::GradMode::set_enabled(false);
}
WithoutAutograd::~WithoutAutograd() { at::GradMode::set_enabled(before_); }

bool needs_gradient(const at::Tensor& tensor) {
  return at::GradMode::is_enabled() && tensor.requires_grad();
}

at::Tensor with_backward(at::Tensor value, std::vector<at::Tensor> inputs, Backward backward) {
  bool needed = false;
  for (const at::Tensor& input : inputs) needed = needed || needs_gradient(input);
  if (!needed) return value;
  auto node = std::shared_ptr<BackwardNode>(
      new BackwardNode(torch::autograd::collect_next_edges(inputs), std::move(backward)),
      torch::autograd::deleteNode);
  torch::autograd::set_history(value, node);
  return value;
}

at::Tensor with_gradient(double value, const at::Tensor& input, at::Tensor gradient, double scale) {
  at::Tensor scalar = at::full({}, value, input.options().requires_grad(false));
  return with_backward(
      std::move(scalar), {input},
      [gradient = std::move(gradient), scale, factor = 1.0](const at::Tensor& outer) mutable {
        // In place: a second pass over as many values, and memory for them, saved.
        const double wanted = outer.item<double>() * scale;
        if (wanted == 0) return std::vector<at::Tensor>{gradient.mul(0)};
        if (wanted != factor) gradient.mul_(wanted / factor);
        factor = wanted;
        return std::vector<at::Tensor>{gradient};
      });
}

std::vector<at::Tensor> gradients_of(const at::Tensor& scalar,
                                     const std::vector<at::Tensor>& inputs) {
  return torch::autograd::grad({scalar}, inputs, {}, {}, false, true);
}

}  // namespace metriclab
