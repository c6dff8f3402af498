// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/by_type.hpp>
#include <metriclab/deep/distance.hpp>
#include <metriclab/deep/miner.hpp>

namespace metriclab {

/// What miners have in common that look at distances.
class TupleMiner : public Miner {
 public:
  ~TupleMiner() override;

  template <class T>
  static void describe_common(Description<T>& is) {
    is.parameter("distance", &TupleMiner::distance, "how embeddings are compared");
    is.parameter(
        "normalize_embeddings", &TupleMiner::normalize_embeddings,
        "embeddings are brought to length 1 before they are compared (cosine does so anyway)");
  }

  /// Checks the batch, and mines it.
  Tuples mine(const Batch& batch, Random& random) final;

 protected:
  TupleMiner(const char* default_distance, bool normalized);

  /// `distances`: (B × R), contiguous, in the CPU's memory.
  virtual Tuples choose(const Batch& batch, const at::Tensor& distances, Random& random) = 0;

  Plugin<BatchDistance> distance;
  bool normalize_embeddings;
};

}  // namespace metriclab
