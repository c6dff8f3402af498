// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/margin_triplets.hpp>

namespace {

using namespace metriclab;

/// Triplets by how far the negative is beyond the positive, g = d(a, n) − d(a, p):
///
///     all        g ≤ margin         those that a hinge of that margin has something to say of
///     hard       g ≤ 0              … whose order is wrong (with a margin below 0, g ≤ margin)
///     semihard   0 < g ≤ margin     … whose order is right
///     easy       g > margin         the others
///
/// An anchor without positives or negatives has no triplets. Gives triplets. Cost: O(B² d) time for
/// the distances, then O(P B) for P positive pairs; memory O(B²) and the triplets found.
class TripletMargin final : public TupleMiner {
 public:
  TripletMargin() : TupleMiner("euclidean", true) {}
  static void describe(Description<TripletMargin>& is) {
    is.summary("triplets that violate the margin: all, or those in the wrong or the right order");
    is.source(
        "Schroff, Kalenichenko, Philbin. FaceNet: a unified embedding for face recognition and "
        "clustering. CVPR 2015 (section 3.2)");
    is.source("Musgrave, Belongie, Lim. PyTorch metric learning. arXiv 2020 (the four sorts)");
    is.cost("O(B² d + positive pairs × B) time, O(B²) memory and the triplets found");
    is.parameter("margin", &TripletMargin::margin,
                 "how far beyond the positive a negative is out of danger");
    is.parameter("mode", &TripletMargin::mode,
                 "which triplets: all within the margin, of these those in the wrong order (hard) "
                 "or in the right one (semihard), or those beyond the margin")
        .one_of({"all", "hard", "semihard", "easy"});
    describe_common(is);
  }

 protected:
  Tuples choose(const AnchorRows& rows, TupleList& found, Random&) override {
    return triplets_by_gap(rows, gap(), false, found);
  }

 private:
  Gap gap() const {
    if (mode == "easy") return {.low = margin};
    if (mode == "hard") return {.high = std::min(margin, 0.0)};
    if (mode == "semihard") return {.low = 0, .high = margin};
    return {.high = margin};
  }

  double margin = 0.2;
  std::string mode = "all";
};

METRICLAB_PLUGIN(TripletMargin, "triplet_margin");

}  // namespace
