// SPDX-License-Identifier: BSD-3-Clause
#include <limits>
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
  Tuples choose(const AnchorRows& rows, TupleList& found, Random&) override {
    rows.for_each([&]<class T>(const AnchorRow<T>& row) {
      if (row.positives.empty() || row.negatives.empty()) return;
      const T slack = static_cast<T>(epsilon), infinity = std::numeric_limits<T>::infinity();
      found.add_positives<T>(row.anchor, row.positives,
                             {minimum_of(row.negatives) - slack, infinity}, row.positive_places);
      found.add_negatives<T>(row.anchor, row.negatives,
                             {-infinity, maximum_of(row.positives) + slack}, row.negative_places);
    });
    return found.pairs();
  }

 private:
  double epsilon = 0.1;
};

METRICLAB_PLUGIN(MultiSimilarity, "multi_similarity");

}  // namespace
