// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/class_vectors.hpp>
#include <metriclab/deep/multiplied_angle.hpp>

namespace {

using namespace metriclab;

/// SphereFace (A-Softmax): multiplicative angular margin, with weights of length 1.
///
///     loss = mean over the examples of −log( e^{T} / (e^{T} + Σ over c ≠ y of e^{a cos θ_c}) )
///     T = a ψ(θ_y),    a = s ‖x‖                                               (Eq. 7)
///     ψ(θ) = (−1)^k cos(m θ) − 2k  for θ in [kπ/m, (k + 1)π/m]
///
/// θ_c: the angle between the embedding and the weight of class c; m: `margin`; s: `scale`, 1 in
/// the paper. Shapes: embeddings (B × d), labels (B) below the number of classes; trained: weights
/// (classes × d). An empty batch: 0. Cost: O(B C d) time, O(B C) memory for C classes.
/// Differs from the paper: no mixture with the plain softmax at the beginning of training.
class SphereFace final : public SoftmaxLoss {
 public:
  SphereFace() : SoftmaxLoss("weights", "cosine", false, "mean") {}
  static void describe(Description<SphereFace>& is) {
    is.summary("a softmax over cosines in which the angle to the own class is multiplied");
    is.source(
        "Liu, Wen, Yu, Li, Raj, Song. SphereFace: deep hypersphere embedding for face recognition. "
        "CVPR 2017");
    is.cost("O(B C d) time, O(B C) memory for C classes");
    is.property("invariant_to_rotation");
    is.parameter("margin", &SphereFace::margin,
                 "m: by what the angle to the own class is multiplied")
        .at_least(1);
    is.parameter("scale", &SphereFace::scale, "a factor of all the logits").above(0);
    describe_reduction(is);
  }

 protected:
  at::Tensor logits(const Batch& batch) override {
    const at::Tensor cosine = cosines(batch);
    const at::Tensor widened = multiplied_angle(own(cosine, batch), margin);
    return with_own(cosine, batch, widened)
        .mul(safe_lengths(batch.embeddings).unsqueeze(1))
        .mul(scale);
  }

 private:
  std::int64_t margin = 4;
  double scale = 1;
};

METRICLAB_PLUGIN(SphereFace, "sphereface");

}  // namespace
