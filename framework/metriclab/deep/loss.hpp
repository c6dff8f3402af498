// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/data/distance.hpp>
#include <metriclab/deep/batch.hpp>
#include <metriclab/deep/trainable.hpp>
#include <metriclab/deep/tuples.hpp>

namespace metriclab {

/// What a loss with trained parameters needs to know to make them.
struct LossSetting {
  std::int64_t n_classes = 0;
  std::int64_t embedding_size = 0;
  at::ScalarType type = at::kFloat;
  Random random;
};

/// Plugin kind "loss".
class Loss : public Trainable {
 public:
  static constexpr std::string_view kind = "loss";
  ~Loss() override;

  /// Called once before training; registers parameters and buffers, if the loss has any.
  virtual void prepare(const LossSetting&) {}
  /// A scalar, differentiable with respect to `batch.embeddings` and the loss's own parameters. With no tuples to
  /// speak of it is 0 with zero gradient, never NaN. A loss without a miner gets Tuples::all() and must not list them.
  virtual at::Tensor forward(const Batch& batch, const Tuples& tuples) = 0;
  /// The distance that is learned: what evaluators compare the embeddings by.
  virtual Distance learned_distance() const { return Distance::euclidean; }
};

}  // namespace metriclab
