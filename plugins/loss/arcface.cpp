// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/class_vectors.hpp>

namespace {

using namespace metriclab;

/// ArcFace: additive angular margin.
///
///     loss = mean over the examples of −log( e^{s T} / (e^{s T} + Σ over c ≠ y of e^{s cos θ_c}) )
///     T = cos(θ_y + m)                                                        (Eq. 3)
///
/// θ_c: the angle between the embedding and the weight of class c; m: `margin`; s: `scale`. Where
/// θ_y + m is beyond π, cos(θ_y + m) is cos θ_y − m sin m. Shapes: embeddings (B × d), labels (B)
/// below the number of classes; trained: weights (classes × d). An empty batch: 0. A zero embedding
/// has the angle π/2 to all. Cost: O(B C d) time, O(B C) memory for C classes.
/// Differs from the paper: the margin is in degrees, the paper's 0.5 being 28.6.
class ArcFace final : public SoftmaxLoss {
 public:
  ArcFace() : SoftmaxLoss("weights", "cosine", true, "mean") {}
  static void describe(Description<ArcFace>& is) {
    is.summary("a softmax over cosines, the angle to the own class being widened by a margin");
    is.source(
        "Deng, Guo, Xue, Zafeiriou. ArcFace: additive angular margin loss for deep face "
        "recognition. CVPR 2019");
    is.cost("O(B C d) time, O(B C) memory for C classes");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("margin", &ArcFace::margin, "m, in degrees").at_least(0).below(180);
    is.parameter("scale", &ArcFace::scale, "s: the inverse of a temperature").above(0);
    describe_reduction(is);
  }

 protected:
  at::Tensor logits(const Batch& batch) override {
    const at::Tensor cosine = cosines(batch);
    const at::Tensor widened = with_angular_margin(own(cosine, batch), radians(margin));
    return with_own(cosine, batch, widened).mul(scale);
  }

 private:
  double margin = 28.6;
  double scale = 64;
};

METRICLAB_PLUGIN(ArcFace, "arcface");

}  // namespace
