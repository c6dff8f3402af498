// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/ranking_loss.hpp>

namespace {

using namespace metriclab;

/// Smooth-AP: one minus a smooth average precision.
///
///     term of anchor i = 1 − mean over its positives p of (1 + Q(i, p)) / (1 + Q(i, p) + N(i, p))
///     loss = mean of the terms over the anchors with positives
///
/// N and Q: how many negatives and how many other positives are nearer to i than p, counted with
/// the sigmoid of temperature τ (RankingLoss); distance: by default the cosine. Shapes: embeddings
/// (B × d), labels (B). Without positive pairs: 0, with zero gradient; so too where no anchor has a
/// negative. Cost: O(B² d + P B) time for P positive pairs, O(B²) memory.
/// Differs from the paper: nothing.
class SmoothAp final : public RankingLoss {
 public:
  SmoothAp() : RankingLoss(0.01) {}
  static void describe(Description<SmoothAp>& is) {
    is.summary("average precision with a sigmoid in the place of each comparison");
    is.source(
        "Brown, Xie, Kalogeiton, Zisserman. Smooth-AP: smoothing the path towards large-scale "
        "image retrieval. ECCV 2020");
    is.cost("O(B² d + P B) time for P positive pairs, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    describe_ranks(is);
  }

 protected:
  Term term(double negatives, double positives, double) const override {
    const double among_positives = 1 + positives, rank = among_positives + negatives;
    return {negatives / rank, among_positives / (rank * rank), -negatives / (rank * rank)};
  }
  at::Tensor terms(const at::Tensor& negatives, const at::Tensor& positives,
                   const at::Tensor&) const override {
    return negatives.div(positives.add(negatives).add(1));
  }
};

METRICLAB_PLUGIN(SmoothAp, "smooth_ap");

}  // namespace
