// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/deep/trainable.hpp>
#include <vector>

namespace metriclab {

/// Plugin kind "architecture": a network from inputs to embeddings.
class Architecture : public Trainable {
 public:
  static constexpr std::string_view kind = "architecture";
  ~Architecture() override;

  /// Registers the parameters, with new values; a second call begins anew. `input` is the shape of
  /// one example, without the batch. Throws Error where the network can't take such inputs, saying
  /// what it takes and what these are.
  virtual void build(const std::vector<std::int64_t>& input, Random& random) = 0;
  /// The stream that the next `forward` in training draws from, for networks that draw (dropout).
  /// The trainer gives one for each step.
  virtual void draw_from(const Random&) {}
  /// (B × input…) to (B × embedding_size()). `training` switches batch statistics and dropout.
  virtual at::Tensor forward(const at::Tensor& inputs, bool training) = 0;
  /// Whether inputs are ids: integers from 0 to one below the parameter `size`.
  virtual bool takes_ids() const { return false; }
  /// d, known after `build`.
  virtual std::int64_t embedding_size() const = 0;
};

}  // namespace metriclab
