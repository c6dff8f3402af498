// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/tuple_miner.hpp>

namespace {

using namespace metriclab;

/// Triplets by how far the negative is beyond the positive, g = d(a, n) − d(a, p):
///
///     semihard   0 < g ≤ margin: the right order, but too close          violating   g ≤ margin:
///     semihard and hard hard       g ≤ 0: the wrong order, within the margin (g ≤ margin)  easy g
///     > margin
///
/// With `nearest_negative`, of the triplets of one (anchor, positive) only that with the nearest
/// negative, the first of several as near. Gives triplets. Cost: O(B² d) time for the distances,
/// then O(P B) for P positive pairs; memory O(B²) and the triplets found. Differs from the paper:
/// it takes squared distances (`distance`), and names no margin for the mined negatives beyond that
/// of the loss.
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
    is.parameter("mode", &Semihard::mode,
                 "which triplets: within the margin in the right order, in the wrong order, both, "
                 "or beyond the margin")
        .one_of({"semihard", "hard", "violating", "easy"});
    is.parameter("nearest_negative", &Semihard::nearest_negative,
                 "of each positive pair's triplets, only the one with the nearest negative");
    describe_common(is);
  }

 protected:
  Tuples choose(const Batch& batch, const at::Tensor& distances, Random&) override {
    const AnchorPairs pairs(batch, Tuples::all());
    std::vector<std::int64_t> anchors, positives, negatives;
    auto keep = [&](std::int64_t i, Index p, Index q) {
      anchors.push_back(i);
      positives.push_back(p);
      negatives.push_back(q);
    };
    by_type(distances, [&]<class T>(T) {
      const T* d = distances.data_ptr<T>();
      for (std::int64_t i = 0; i < pairs.n_anchors(); ++i, d += pairs.n_others())
        for (Index p : pairs.positives(i)) {
          Index nearest = -1;
          for (Index q : pairs.negatives(i)) {
            if (!wanted(d[q] - d[p])) continue;
            if (!nearest_negative)
              keep(i, p, q);
            else if (nearest < 0 || d[q] < d[nearest])
              nearest = q;
          }
          if (nearest >= 0) keep(i, p, nearest);
        }
    });
    return Tuples::triplets(index_tensor(anchors), index_tensor(positives),
                            index_tensor(negatives));
  }

 private:
  bool wanted(double gap) const {
    if (mode == "easy") return gap > margin;
    if (gap > margin) return false;
    return mode == "semihard" ? gap > 0 : mode == "hard" ? gap <= 0 : true;
  }

  double margin = 0.2;
  std::string mode = "semihard";
  bool nearest_negative = false;
};

METRICLAB_PLUGIN(Semihard, "semihard");

}  // namespace
