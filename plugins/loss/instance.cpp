// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/softmax_terms.hpp>
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// Instance loss over a batch.
///
///     term of anchor i = −(1/|T(i)|) Σ over t in T(i) of
///                        log( e^{γ s(i, t)} / Σ over j of e^{γ s(i, j)} )
///     loss = mean of the terms over the anchors
///
/// T(i): the rows of i's class, i itself among them; j: all rows of the batch, i among them too; s:
/// the similarity (offset − distance), by default the cosine. So each class is one to be
/// recognised, and the batch's embeddings are the class vectors; where every row is a class of its
/// own, a row is to be told from all the others. Against a reference set and with tuples given i
/// itself is not among the rows: T(i) are the positives, j runs over these and the negatives, and
/// an anchor without positives has no term. Triplets count as their different pairs. Shapes:
/// embeddings (B × d), labels (B). A batch of one, or no tuples: 0, with zero gradient. Cost: O(B²
/// d) time, O(B²) memory. Differs from the paper: there, trained vectors of
/// all instances of the training stand in the place of the batch's rows, as in
/// "normalized_softmax".
class Instance final : public TupleLoss {
 public:
  Instance() : TupleLoss("cosine", true, "mean") {}
  static void describe(Description<Instance>& is) {
    is.summary("a softmax over all rows of the batch is to find those of the anchor's class");
    is.source(
        "Zheng, Zheng, Garrett, Yang, Xu, Shen. Dual-path convolutional image-text embeddings with "
        "instance loss. ACM TOMM 2020 (arXiv 2017)");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("gamma", &Instance::gamma, "γ: the larger, the more the most similar rows count")
        .above(0);
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    return loss_of(batch, tuples, cross_entropy);
  }
  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    return loss_of(batch, tuples, fused_cross_entropy);
  }

 private:
  template <class Formula>
  at::Tensor loss_of(const Batch& batch, const Tuples& tuples, Formula formula) const {
    const bool is_with_itself = tuples.form == Tuples::Form::all && !batch.has_reference();
    const Batch seen = is_with_itself ? against_itself(batch) : batch;
    return formula(distances(seen), seen, tuples, -gamma, reducer->reduction());
  }

  double gamma = 64;
};

METRICLAB_PLUGIN(Instance, "instance");

}  // namespace
