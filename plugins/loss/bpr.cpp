// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/triplet_terms.hpp>
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// Bayesian personalised ranking.
///
///     term of a triplet (u, i, j) = −log σ(s(u, i) − s(u, j))
///     loss = mean of the terms over the triplets                              (section 4.1)
///
/// u: a user; i: an item that u chose; j: one that u did not; s: the similarity, by default the
/// inner product. Triplets are given (the data set's, by the sampler "fixed_tuples"), or all those
/// that the labels allow; pairs given are joined on their anchor. Shapes: embeddings (B × d),
/// labels (B). Without triplets: 0, with zero gradient. The paper's prior on the parameters is the
/// regularizer "lp" with power 2. Cost: O(B² d) time and O(B²) memory, and the positive pairs times
/// B over all triplets.
class Bpr final : public TupleLoss {
 public:
  Bpr() : TupleLoss("dot", false, "mean") {}
  static void describe(Description<Bpr>& is) {
    is.summary("what was chosen is to be more similar than what was not: a logistic loss");
    is.source(
        "Rendle, Freudenthaler, Gantner, Schmidt-Thieme. BPR: Bayesian personalized ranking from "
        "implicit feedback. UAI 2009");
    is.cost("O(B² d) time, O(B²) memory; over all triplets the positive pairs times B");
    is.property("invariant_to_rotation");
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    return reduced_triplets(distances(batch), batch, tuples, reducer->reduction(),
                            [](const at::Tensor& d, const at::Tensor& anchors,
                               const at::Tensor& positives, const at::Tensor& negatives) {
                              const at::Tensor rows = d.index_select(0, anchors);
                              at::Tensor near = rows.gather(1, positives.unsqueeze(1)), far = rows;
                              if (negatives.defined()) {
                                near = near.squeeze(1);
                                far = rows.gather(1, negatives.unsqueeze(1)).squeeze(1);
                              }
                              const at::Tensor z = near.sub(far);
                              return z.clamp_min(0).add(z.abs().neg().exp().log1p());
                            });
  }
};

METRICLAB_PLUGIN(Bpr, "bpr");

}  // namespace
