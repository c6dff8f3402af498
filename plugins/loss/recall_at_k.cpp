// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <metriclab/deep/ranking_loss.hpp>
#include <vector>

namespace {

using namespace metriclab;

/// Recall@k surrogate loss.
///
///     R_k(i) = (1/min(k, |P|)) Σ over i's positives p of σ((k − r(i, p)) / τ₁)
///     r(i, p) = 1 + Q(i, p) + N(i, p)
///     loss = mean over the anchors with positives of 1 − mean over the k's of R_k(i)
///
/// N and Q: how many negatives and how many other positives are nearer to i than p, counted with
/// the sigmoid of temperature τ₂ (RankingLoss); σ(z) = 1/(1 + e^−z); |P|: the number of i's
/// positives; distance: by default the cosine. The term is not 0 where all is right, since σ is not
/// 1, and may be below 0. Shapes: embeddings (B × d), labels (B). Without positive pairs: 0, with
/// zero gradient. Cost: O(B² d + P B) time for P positive pairs, O(B²) memory. Differs from the
/// paper: it divides by min(k, |P|), as its authors' code does, so that a recall can come up to 1
/// where k is less than |P|.
class RecallAtK final : public RankingLoss {
 public:
  RecallAtK() : RankingLoss(0.01) {}
  static void describe(Description<RecallAtK>& is) {
    is.summary("recall among the k nearest, with sigmoids in the place of its two comparisons");
    is.source(
        "Patel, Tolias, Matas. Recall@k surrogate loss with large batches and similarity mixup. "
        "CVPR 2022");
    is.cost("O(B² d + P B) time for P positive pairs, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("k", &RecallAtK::k, "the numbers of neighbours whose recalls are averaged")
        .at_least(1);
    is.parameter("recall_temperature", &RecallAtK::recall_temperature,
                 "τ₁: how softly a rank counts as one of the first k")
        .above(0);
    describe_ranks(is);
  }

 protected:
  Term term(double negatives, double positives, double n_positives) const override {
    Term is{1, 0, 0};
    for (const std::int64_t each : k) {
      const auto first = static_cast<double>(each);
      const double z = (first - 1 - positives - negatives) / recall_temperature,
                   e = std::exp(-std::abs(z)), recalled = (z > 0 ? 1 : e) / (1 + e);
      const double weight = n_positives / (n_ks() * std::min(first, n_positives));
      is.value -= weight * recalled;
      is.by_negatives += weight * e / ((1 + e) * (1 + e)) / recall_temperature;
    }
    is.by_positives = is.by_negatives;
    return is;
  }
  at::Tensor terms(const at::Tensor& negatives, const at::Tensor& positives,
                   const at::Tensor& n_positives) const override {
    at::Tensor value = negatives.detach().new_ones({});
    const at::Tensor others = positives.add(negatives);
    for (const std::int64_t each : k) {
      const auto first = static_cast<double>(each);
      const at::Tensor recalled = others.neg().add(first - 1).div(recall_temperature).sigmoid();
      value = value.sub(recalled.mul(n_positives).div(n_positives.clamp_max(first)).div(n_ks()));
    }
    return value;
  }

 private:
  double n_ks() const { return static_cast<double>(k.size()); }

  std::vector<std::int64_t> k = {1, 2, 4, 8, 16};
  double recall_temperature = 1;
};

METRICLAB_PLUGIN(RecallAtK, "recall_at_k");

}  // namespace
