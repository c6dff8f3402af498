// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/deep/batch.hpp>
#include <metriclab/deep/trainable.hpp>
#include <metriclab/deep/tuples.hpp>

namespace metriclab {

/// Plugin kind "miner": chooses the tuples of a batch that the loss looks at.
class Miner : public Component {
 public:
  static constexpr std::string_view kind = "miner";
  static constexpr std::string_view abi = kTorchAbi;
  ~Miner() override;

  /// `batch.embeddings` are detached. Runs without autograd.
  virtual Tuples mine(const Batch& batch, Random& random) = 0;
};

}  // namespace metriclab
