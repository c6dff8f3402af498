// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/deep/tuple_miner.hpp>

namespace {

using namespace metriclab;

/// Batch hard: each anchor with its farthest positive and its nearest negative, one triplet at most
/// for an anchor.
///
/// An anchor without positives or without negatives has none. Of several as far (as near), the
/// first in the batch. Gives triplets. Cost: O(B² d) time, O(B²) memory.
class BatchHard final : public TupleMiner {
 public:
  BatchHard() : TupleMiner("euclidean", true) {}
  static void describe(Description<BatchHard>& is) {
    is.summary("each anchor with its farthest positive and its nearest negative");
    is.source(
        "Hermans, Beyer, Leibe. In defense of the triplet loss for person re-identification. arXiv "
        "2017 (Eq. 5)");
    is.cost("O(B² d) time, O(B²) memory");
    describe_common(is);
  }

 protected:
  Tuples choose(const Batch& batch, const at::Tensor& distances, Random&) override {
    const AnchorPairs pairs(batch, Tuples::all());
    std::vector<std::int64_t> anchors, hardest_positives, hardest_negatives;
    by_type(distances, [&]<class T>(T) {
      const T* d = distances.data_ptr<T>();
      for (std::int64_t i = 0; i < pairs.n_anchors(); ++i, d += pairs.n_others()) {
        const auto positives = pairs.positives(i), negatives = pairs.negatives(i);
        if (positives.empty() || negatives.empty()) continue;
        auto nearer = [&](Index a, Index b) { return d[a] < d[b]; };
        anchors.push_back(i);
        hardest_positives.push_back(*std::max_element(positives.begin(), positives.end(), nearer));
        hardest_negatives.push_back(*std::min_element(negatives.begin(), negatives.end(), nearer));
      }
    });
    return Tuples::triplets(index_tensor(anchors), index_tensor(hardest_positives),
                            index_tensor(hardest_negatives));
  }
};

METRICLAB_PLUGIN(BatchHard, "batch_hard");

}  // namespace
