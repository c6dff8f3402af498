// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/class_vectors.hpp>

namespace {

using namespace metriclab;

/// CosFace: additive cosine margin.
///
///     loss = mean over the examples of −log( e^{s T} / (e^{s T} + Σ over c ≠ y of e^{s cos θ_c}) )
///     T = cos θ_y − m                                                         (Eq. 4)
///
/// θ_c: the angle between the embedding and the weight of class c; m: `margin`; s: `scale`. Shapes:
/// embeddings (B × d), labels (B) below the number of classes; trained: weights (classes × d). An
/// empty batch: 0. Cost: O(B C d) time, O(B C) memory for C classes.
class CosFace final : public SoftmaxLoss {
 public:
  CosFace() : SoftmaxLoss("weights", "cosine", true, "mean") {}
  static void describe(Description<CosFace>& is) {
    is.summary("a softmax over cosines, that of the own class being lowered by a margin");
    is.source(
        "Wang, Wang, Zhou et al. CosFace: large margin cosine loss for deep face recognition. CVPR "
        "2018");
    is.cost("O(B C d) time, O(B C) memory for C classes");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("margin", &CosFace::margin, "m, on the cosine").at_least(0);
    is.parameter("scale", &CosFace::scale, "s: the inverse of a temperature").above(0);
    describe_reduction(is);
  }

 protected:
  at::Tensor logits(const Batch& batch) override {
    const at::Tensor cosine = cosines(batch);
    const at::Tensor lowered = own(cosine, batch).sub(margin);
    return with_own(cosine, batch, lowered).mul(scale);
  }

 private:
  double margin = 0.35;
  double scale = 64;
};

METRICLAB_PLUGIN(CosFace, "cosface");

}  // namespace
