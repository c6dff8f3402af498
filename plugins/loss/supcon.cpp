// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/softmax_terms.hpp>
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// Supervised contrastive loss.
///
///     term of anchor i = −(1/|P(i)|) Σ over p in P(i) of
///                        log( e^{s(i, p)/τ} / Σ over a in A(i) of e^{s(i, a)/τ} )   (L_out, Eq. 2)
///     loss = R over the anchors with positives
///
/// P(i): the anchor's positives; A(i): those and its negatives; s: the similarity (offset −
/// distance), by default the cosine; R: the reducer, by default the mean over the terms above 0.
/// An anchor without positives has no term; one whose only partner is its positive has the term 0.
/// Shapes: embeddings (B × d), labels (B). Without positive pairs: 0, with zero gradient. Tuples
/// given: P and A are what is listed for the anchor; triplets count as their different pairs. Cost:
/// O(B² d) time, O(B²) memory. Differs from the paper: τ is 0.1, and the sum over the anchors is a
/// mean.
class SupCon final : public TupleLoss {
 public:
  SupCon() : TupleLoss("cosine", true, "avg_non_zero") {}
  static void describe(Description<SupCon>& is) {
    is.summary("all positives of an anchor are to be found in a softmax over its partners");
    is.source(
        "Khosla, Teterwak, Wang, Sarna, Tian, Isola, Maschinot, Liu, Krishnan. Supervised "
        "contrastive learning. NeurIPS 2020");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("temperature", &SupCon::temperature,
                 "τ: the smaller, the more the nearest partners count")
        .above(0);
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    return cross_entropy(distances(batch), batch, tuples, -1 / temperature, reducer->reduction());
  }
  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    return fused_cross_entropy(distances(batch), batch, tuples, -1 / temperature,
                               reducer->reduction());
  }

 private:
  double temperature = 0.1;
};

METRICLAB_PLUGIN(SupCon, "supcon");

}  // namespace
