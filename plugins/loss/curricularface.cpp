// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/class_vectors.hpp>

namespace {

using namespace metriclab;

/// CurricularFace: ArcFace in which the hard other classes weigh the more, the farther training is.
///
///     loss = mean over the examples of −log( e^{s T} / (e^{s T} + Σ over c ≠ y of e^{s N_c}) )
///     T = cos(θ_y + m)                                                        (Eq. 5)
///     N_c = cos θ_c where T ≥ cos θ_c, otherwise cos θ_c (t + cos θ_c)
///     t at first 0, afterwards t ← (1 − a) t + a · mean over the batch of cos θ_y   (Eq. 8)
///
/// θ_c: the angle between the embedding and the weight of class c; m: `margin`; s: `scale`; a:
/// `momentum`. Where θ_y + m is beyond π, T is cos θ_y − m sin m. Shapes: embeddings (B × d),
/// labels (B) below the number of classes; trained: weights (classes × d); kept: t (1). An empty
/// batch: 0. Cost: O(B C d) time, O(B C) memory for C classes. Differs from the paper: the margin
/// is in degrees, the paper's 0.5 being 28.6; a batch changes the t of the next one, not its own.
class CurricularFace final : public SoftmaxLoss {
 public:
  CurricularFace() : SoftmaxLoss("weights", "cosine", true, "mean") {}
  static void describe(Description<CurricularFace>& is) {
    is.summary("ArcFace in which hard classes weigh the more, the farther training is");
    is.source(
        "Huang, Wang, Tai et al. CurricularFace: adaptive curriculum learning loss for deep face "
        "recognition. CVPR 2020");
    is.cost("O(B C d) time, O(B C) memory for C classes");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("margin", &CurricularFace::margin, "m, in degrees").at_least(0).below(180);
    is.parameter("scale", &CurricularFace::scale, "s: the inverse of a temperature").above(0);
    is.parameter("momentum", &CurricularFace::momentum,
                 "a: the weight of a batch in the running mean t")
        .at_least(0)
        .at_most(1);
    describe_reduction(is);
  }

  void prepare(const LossSetting& setting) override {
    SoftmaxLoss::prepare(setting);
    t_ = buffer("t", at::zeros({1}, setting.type));
  }

 protected:
  at::Tensor logits(const Batch& batch) override {
    const at::Tensor cosine = cosines(batch), target = own(cosine, batch),
                     widened = with_angular_margin(target, radians(margin)),
                     hard = cosine.detach().gt(widened.detach().unsqueeze(1));
    const at::Tensor others = at::where(hard, cosine.mul(cosine.add(t_.clone())), cosine);
    const at::Tensor logits = with_own(others, batch, widened).mul(scale);
    if (batch.embeddings.size(0) > 0) {
      const WithoutAutograd off;
      t_.mul_(1 - momentum).add_(target.detach().mean(), momentum);
    }
    return logits;
  }

 private:
  double margin = 28.6;
  double scale = 64;
  double momentum = 0.01;
  at::Tensor t_;
};

METRICLAB_PLUGIN(CurricularFace, "curricularface");

}  // namespace
