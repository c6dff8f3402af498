// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <metriclab/deep/trainable.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// Plugin kind "transform": changes the examples of a training batch.
///
/// A transform can let each class stand for several: with `copies()` = c, example i of n is seen as
/// the c examples i, i + n, …, i + (c − 1)n, and copy k of class y of C is class y + kC. Samplers
/// and losses see n·c examples of C·c classes.
class Transform : public Component {
 public:
  static constexpr std::string_view kind = "transform";
  static constexpr std::string_view abi = kTorchAbi;
  ~Transform() override;

  /// Called once, with the shape of one example: (d), or (channels, height, width). Throws Error
  /// where it can't take such examples.
  virtual void prepare(const std::vector<std::int64_t>& shape) = 0;
  virtual std::int64_t copies() const { return 1; }
  /// (B × shape) float32 in, the same shape out; `copies`, (B) in 0 … copies() − 1, says which copy
  /// of its example each is. Runs without autograd and must not write to `inputs`.
  virtual at::Tensor apply(const at::Tensor& inputs, const std::vector<std::int64_t>& copies,
                           Random& random) const = 0;

 protected:
  /// "vectors of 13 values", "arrays of 2 axes": what examples are that are no images, for
  /// messages.
  static std::string described(const std::vector<std::int64_t>& shape);
};

}  // namespace metriclab
