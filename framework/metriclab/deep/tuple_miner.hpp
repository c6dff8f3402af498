// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/deep/anchor_rows.hpp>
#include <metriclab/deep/distance.hpp>
#include <metriclab/deep/limited_miner.hpp>

namespace metriclab {

/// What miners have in common that look at distances.
class TupleMiner : public LimitedMiner {
 public:
  ~TupleMiner() override;

  template <class T>
  static void describe_common(Description<T>& is) {
    is.parameter("distance", &TupleMiner::distance, "how embeddings are compared");
    describe_without_distance(is);
  }
  /// For miners that are made of Euclidean distances.
  template <class T>
  static void describe_without_distance(Description<T>& is) {
    is.parameter(
        "normalize_embeddings", &TupleMiner::normalize_embeddings,
        "embeddings are brought to length 1 before they are compared (cosine does so anyway)");
    describe_limit(is);
  }
  /// Checks the batch, and mines it.
  Tuples mine(const Batch& batch, Random& random) final;

 protected:
  TupleMiner(const char* default_distance, bool normalized);

  /// What is found goes into `found`, an anchor's tuples one after another; the result is
  /// `found.triplets()` or `found.pairs()`.
  virtual Tuples choose(const AnchorRows& rows, TupleList& found, Random& random) = 0;
  /// The matrix (n × m) that is chosen from: by default the distances between vectors, normalised
  /// first where the parameters say so.
  virtual at::Tensor distances(const at::Tensor& x, const at::Tensor& y) const;

  Plugin<BatchDistance> distance;
  bool normalize_embeddings;
};

}  // namespace metriclab
