// SPDX-License-Identifier: BSD-3-Clause
#include <limits>
#include <metriclab/deep/tuple_miner.hpp>

namespace {

using namespace metriclab;

/// The pairs that a contrastive loss of these margins has something to say of:
///
///     positives with d(a, p) > positive_margin        negatives with d(a, n) < negative_margin
///
/// With a distance that papers write as a similarity ("cosine", "dot") the margins are
/// similarities, and the signs turn. Each anchor's positives and negatives are chosen without
/// regard to one another. Gives pairs. Cost: O(B² d) time, O(B²) memory.
class PairMargin final : public TupleMiner {
 public:
  PairMargin() : TupleMiner("euclidean", true) {}
  static void describe(Description<PairMargin>& is) {
    is.summary("positives farther apart than a margin, and negatives nearer than another");
    is.source(
        "Hadsell, Chopra, LeCun. Dimensionality reduction by learning an invariant mapping. CVPR "
        "2006 (the pairs within the margin)");
    is.source("Musgrave, Belongie, Lim. PyTorch metric learning. arXiv 2020 (as a miner)");
    is.cost("O(B² d) time, O(B²) memory");
    is.parameter("positive_margin", &PairMargin::positive_margin,
                 "positives nearer than this are left out");
    is.parameter("negative_margin", &PairMargin::negative_margin,
                 "negatives farther than this are left out");
    describe_common(is);
  }

 protected:
  Tuples choose(const AnchorRows& rows, TupleList& found, Random&) override {
    rows.for_each([&]<class T>(const AnchorRow<T>& row) {
      constexpr T kInfinity = std::numeric_limits<T>::infinity();
      const T from = static_cast<T>(distance->as_distance(positive_margin)),
              below = static_cast<T>(distance->as_distance(negative_margin));
      found.add_positives<T>(row.anchor, row.positives, {from, kInfinity}, row.positive_places);
      found.add_negatives<T>(row.anchor, row.negatives, {-kInfinity, below}, row.negative_places);
    });
    return found.pairs();
  }

 private:
  double positive_margin = 0.2;
  double negative_margin = 0.8;
};

METRICLAB_PLUGIN(PairMargin, "pair_margin");

}  // namespace
