// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace metriclab {

/// From the gradient with respect to a value, the gradients with respect to its inputs, one each
/// (undefined: none). It may be called more than once.
using Backward = std::function<std::vector<at::Tensor>(const at::Tensor& gradient)>;

/// Connects `value`, computed in plain C++ from the inputs' data, to autograd: its derivative is
/// what `backward` says. `value` must be new, without history. `backward` must not hold `value`
/// itself. One derivative only: the result of `backward` has no history. With autograd off, or no
/// input that needs a gradient, `value` comes back as it is.
at::Tensor with_backward(at::Tensor value, std::vector<at::Tensor> inputs, Backward backward);

/// A scalar of that value whose derivative with respect to `input` is scale · gradient, a tensor of
/// the input's shape.
at::Tensor with_gradient(double value, const at::Tensor& input, at::Tensor gradient,
                         double scale = 1);

/// True where autograd records and the tensor needs a gradient.
bool needs_gradient(const at::Tensor& tensor);

/// For the span of its life nothing is recorded.
class WithoutAutograd {
 public:
  WithoutAutograd();
  ~WithoutAutograd();
  WithoutAutograd(const WithoutAutograd&) = delete;
  WithoutAutograd& operator=(const WithoutAutograd&) = delete;

 private:
  bool before_;
};

/// The gradients of a scalar with respect to the inputs; undefined for one it doesn't depend on.
std::vector<at::Tensor> gradients_of(const at::Tensor& scalar,
                                     const std::vector<at::Tensor>& inputs);

}  // namespace metriclab
