// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/margin_triplets.hpp>

namespace {

using namespace metriclab;

/// FaceNet's semi-hard triplets: the negative is beyond the positive, but within the margin,
///
///     0 < d(a, n) − d(a, p) ≤ margin
///
/// With `nearest_negative`, of the triplets of one (anchor, positive) only that with the nearest
/// negative, of several as near the first of the lowest class. An anchor without positives or
/// negatives has no triplets. Gives triplets. Cost: O(B² d) time for the distances, then O(P B) for
/// P positive pairs; memory O(B²) and the triplets found. Differs from the paper: it takes squared
/// distances (`distance`), and names no margin for the mined negatives beyond that of the loss.
class Semihard final : public TupleMiner {
 public:
  Semihard() : TupleMiner("euclidean", true) {}
  static void describe(Description<Semihard>& is) {
    is.summary("triplets whose negative is beyond the positive, but within the margin");
    is.source(
        "Schroff, Kalenichenko, Philbin. FaceNet: a unified embedding for face recognition and "
        "clustering. CVPR 2015 (section 3.2)");
    is.cost("O(B² d + positive pairs × B) time, O(B²) memory and the triplets found");
    is.parameter("margin", &Semihard::margin,
                 "how far beyond the positive a negative is out of danger");
    is.parameter("nearest_negative", &Semihard::nearest_negative,
                 "of each positive pair's triplets, only the one with the nearest negative");
    describe_common(is);
  }

 protected:
  Tuples choose(const AnchorRows& rows, TupleList& found, Random&) override {
    return triplets_by_gap(rows, {0, margin}, nearest_negative, found);
  }

 private:
  double margin = 0.2;
  bool nearest_negative = false;
};

METRICLAB_PLUGIN(Semihard, "semihard");

}  // namespace
