// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/deep/batch.hpp>
#include <metriclab/deep/snapshot.hpp>
#include <metriclab/deep/trainable.hpp>
#include <metriclab/deep/tuples.hpp>

namespace metriclab {

/// Plugin kind "miner": chooses the tuples of a batch that the loss looks at.
class Miner : public Trainable {
 public:
  static constexpr std::string_view kind = "miner";
  ~Miner() override;

  /// Called once before training; registers buffers, if the miner has any. It has no parameters.
  virtual void prepare(const LossSetting&) {}
  /// `batch.embeddings` are detached. Runs without autograd.
  virtual Tuples mine(const Batch& batch, Random& random) = 0;

  /// As Loss's.
  virtual bool wants_snapshot(const Progress&) const { return false; }
  virtual void see(const Snapshot&) {}
};

}  // namespace metriclab
