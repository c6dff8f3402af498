// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include <metriclab/deep/trainable.hpp>

namespace metriclab {

/// Plugin kind "architecture": a network from inputs to embeddings.
class Architecture : public Trainable {
 public:
  static constexpr std::string_view kind = "architecture";
  ~Architecture() override;

  /// Called once; registers the parameters. `input` is the shape of one example, without the batch. Throws Error
  /// where the network can't take such inputs.
  virtual void build(const std::vector<std::int64_t>& input, Random& random) = 0;
  /// (B × input…) to (B × embedding_size()). `training` switches batch statistics and dropout.
  virtual at::Tensor forward(const at::Tensor& inputs, bool training) = 0;
  /// d, known after `build`.
  virtual std::int64_t embedding_size() const = 0;
};

}  // namespace metriclab
