// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/pair_hinges.hpp>

namespace {

using namespace metriclab;

/// Threshold-consistent margin loss: the similarities at which positives and negatives begin to
/// cost are the same for all classes. It is meant beside another loss ("sum").
///
///     loss = λ⁺ · R over P of [m⁺ − s(a, p)]₊ + λ⁻ · R over N of [s(a, n) − m⁻]₊    (Eq. 5)
///
/// s: the similarity, by default the cosine; P and N: the positive and negative pairs, each reduced
/// by itself with the reducer R, by default the mean over the terms above 0, the hard pairs.
/// Shapes: embeddings (B × d), labels (B). Without pairs: 0, with zero gradient. Cost: O(B² d)
/// time, O(B²) memory. With a distance that is no similarity margins are distances.
class ThresholdConsistentMargin final : public PairHingeLoss {
 public:
  ThresholdConsistentMargin() : PairHingeLoss("cosine", true, "avg_non_zero") {}
  static void describe(Description<ThresholdConsistentMargin>& is) {
    is.summary("keeps hard pairs of all classes to the same two similarities");
    is.source(
        "Zhang, Xu, Wang et al. Threshold-consistent margin loss for open-world deep metric "
        "learning. ICLR 2024");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("positive_margin", &ThresholdConsistentMargin::positive_margin,
                 "m⁺: positives more similar than this cost nothing");
    is.parameter("negative_margin", &ThresholdConsistentMargin::negative_margin,
                 "m⁻: negatives less similar than this cost nothing");
    is.parameter("positive_weight", &ThresholdConsistentMargin::positive_weight, "λ⁺").at_least(0);
    is.parameter("negative_weight", &ThresholdConsistentMargin::negative_weight, "λ⁻").at_least(0);
    describe_common(is);
  }

 protected:
  Hinges hinges() const override {
    return {.positive_margin = distance->as_distance(positive_margin),
            .negative_margin = distance->as_distance(negative_margin),
            .positive_weight = positive_weight,
            .negative_weight = negative_weight};
  }

 private:
  double positive_margin = 0.9;
  double negative_margin = 0.5;
  double positive_weight = 1;
  double negative_weight = 1;
};

METRICLAB_PLUGIN(ThresholdConsistentMargin, "threshold_consistent_margin");

}  // namespace
