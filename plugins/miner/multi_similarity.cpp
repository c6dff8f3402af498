// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/deep/tuple_miner.hpp>

namespace {

using namespace metriclab;

/// The pair mining of the multi-similarity loss, in distances:
///
///     a negative (i, n) is kept where d(i, n) − epsilon < d of i's farthest positive     (Eq. 11)
///     a positive (i, p) is kept where d(i, p) + epsilon > d of i's nearest negative      (Eq. 12)
///
/// An anchor without positives keeps no negatives, and the other way round. Gives pairs.
/// Cost: O(B² d) time, O(B²) memory.
class MultiSimilarity final : public TupleMiner {
 public:
  MultiSimilarity() : TupleMiner("cosine", true) {}
  static void describe(Description<MultiSimilarity>& is) {
    is.summary("the pairs that are hard measured by the anchor's hardest pair of the other sort");
    is.source(
        "Wang, Han, Huang, Dong, Scott. Multi-similarity loss with general pair weighting for deep "
        "metric learning. CVPR 2019");
    is.cost("O(B² d) time, O(B²) memory");
    is.parameter("epsilon", &MultiSimilarity::epsilon,
                 "the slack: the larger, the more pairs are kept");
    describe_common(is);
  }

 protected:
  Tuples choose(const Batch& batch, const at::Tensor& distances, Random&) override {
    const AnchorPairs pairs(batch, Tuples::all());
    std::vector<std::int64_t> positive_anchors, kept_positives, negative_anchors, kept_negatives;
    by_type(distances, [&]<class T>(T) {
      const T* d = distances.data_ptr<T>();
      const T slack = static_cast<T>(epsilon);
      for (std::int64_t i = 0; i < pairs.n_anchors(); ++i, d += pairs.n_others()) {
        const auto positives = pairs.positives(i), negatives = pairs.negatives(i);
        if (positives.empty() || negatives.empty()) continue;
        auto nearer = [&](Index a, Index b) { return d[a] < d[b]; };
        const T farthest = d[*std::max_element(positives.begin(), positives.end(), nearer)];
        const T nearest = d[*std::min_element(negatives.begin(), negatives.end(), nearer)];
        for (Index p : positives)
          if (d[p] + slack > nearest) {
            positive_anchors.push_back(i);
            kept_positives.push_back(p);
          }
        for (Index q : negatives)
          if (d[q] - slack < farthest) {
            negative_anchors.push_back(i);
            kept_negatives.push_back(q);
          }
      }
    });
    return Tuples::pairs(index_tensor(positive_anchors), index_tensor(kept_positives),
                         index_tensor(negative_anchors), index_tensor(kept_negatives));
  }

 private:
  double epsilon = 0.1;
};

METRICLAB_PLUGIN(MultiSimilarity, "multi_similarity");

}  // namespace
