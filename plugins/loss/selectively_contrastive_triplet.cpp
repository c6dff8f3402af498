// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/where.h>

#include <cmath>
#include <metriclab/deep/triplet_rows.hpp>
#include <metriclab/deep/triplet_terms.hpp>

namespace {

using namespace metriclab;

/// Selectively contrastive triplet loss.
///
///     term of a triplet = lambda · s(a, n)                        where s(a, n) > s(a, p)
///                       = log(1 + e^{(s(a, n) − s(a, p)) / τ})    elsewhere
///     loss = mean of the terms over the triplets
///
/// s: the similarity (offset − distance), by default the cosine; τ: `temperature`. A negative that
/// is nearer than the positive is only pushed away: the gradient that would pull the positive in is
/// what lets all embeddings fall into one point. Shapes: embeddings (B × d), labels (B), triplets
/// (T × 3). Without triplets: 0, with zero gradient. Pairs given are joined: every positive with
/// every negative of the same anchor. The term jumps where the two similarities are equal. Cost:
/// O(B² d + P B) time over all triplets, P being the number of positive pairs; O(B²) memory.
/// Differs from the paper: nothing; its triplets are those of a miner (the hardest negative of each
/// anchor). The authors' program has τ = 0.1.
class SelectivelyContrastiveTriplet final : public TupleLoss {
 public:
  SelectivelyContrastiveTriplet() : TupleLoss("cosine", true, "mean") {}
  static void describe(Description<SelectivelyContrastiveTriplet>& is) {
    is.summary("the softmax of triplets, but negatives nearer than the positive are only pushed");
    is.source(
        "Xuan, Stylianou, Liu, Pless. Hard negative examples are hard, but useful. ECCV 2020");
    is.cost("O(B² d + P B) time over all triplets of P positive pairs, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("lambda", &SelectivelyContrastiveTriplet::lambda,
                 "λ: the weight of negatives that are nearer than the positive")
        .at_least(0);
    is.parameter("temperature", &SelectivelyContrastiveTriplet::temperature,
                 "τ: what the similarities are divided by in the softmax")
        .above(0);
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    return reduced_triplets(
        distances(batch), batch, tuples, reducer->reduction(),
        [&](const at::Tensor& d, const at::Tensor& anchors, const at::Tensor& positives,
            const at::Tensor& negatives) {
          const auto [near, far] = near_and_far(d, anchors, positives, negatives);
          const at::Tensor z = near.sub(far).div(temperature);
          return at::where(z.gt(0), far.neg().add(distance->similarity_offset()).mul(lambda),
                           z.clamp_max(0).exp().log1p());
        });
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const double offset = distance->similarity_offset();
    return fused_triplets(distances(batch), batch, tuples, reducer->reduction(),
                          [&]<class T>(T near, T far) -> TripletSlopes<T> {
                            const T weight = static_cast<T>(lambda);
                            if (far < near)
                              return {weight * (static_cast<T>(offset) - far), T(0), -weight};
                            const T e = std::exp((near - far) / static_cast<T>(temperature));
                            const T slope = e / ((1 + e) * static_cast<T>(temperature));
                            return {std::log1p(e), slope, -slope};
                          });
  }

 private:
  double lambda = 1;
  double temperature = 1;
};

METRICLAB_PLUGIN(SelectivelyContrastiveTriplet, "selectively_contrastive_triplet");

}  // namespace
