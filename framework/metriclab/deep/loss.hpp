// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/data/distance.hpp>
#include <metriclab/deep/batch.hpp>
#include <metriclab/deep/snapshot.hpp>
#include <metriclab/deep/trainable.hpp>
#include <metriclab/deep/tuples.hpp>

namespace metriclab {

/// Plugin kind "loss".
class Loss : public Trainable {
 public:
  static constexpr std::string_view kind = "loss";
  ~Loss() override;

  /// Called once before training; registers parameters and buffers, if the loss has any. Throws
  /// Error where the data lacks what the loss learns from.
  virtual void prepare(const LossSetting&) {}
  /// A scalar, differentiable with respect to `batch.embeddings` and the loss's own parameters.
  /// With no tuples to speak of it is 0 with zero gradient, never NaN. A loss without a miner gets
  /// Tuples::all() and must not list them. Buffers may change.
  virtual at::Tensor forward(const Batch& batch, const Tuples& tuples) = 0;
  /// The distance that is learned: what evaluators compare the embeddings by.
  virtual Distance learned_distance() const { return Distance::euclidean; }
  /// (d): by what each dimension of the embeddings is multiplied before they are compared by
  /// `learned_distance`; undefined: by nothing.
  virtual at::Tensor learned_scale() const { return {}; }
  /// Whether it can't do without class labels.
  virtual bool needs_labels() const { return true; }

  /// Whether the loss is to see a snapshot before this step.
  virtual bool wants_snapshot(const Progress&) const { return false; }
  /// What comes of it is kept in buffers made by `prepare`, so that an interrupted training goes on
  /// as it was.
  virtual void see(const Snapshot&) {}
};

}  // namespace metriclab
