// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/class_vectors.hpp>
#include <metriclab/deep/multiplied_angle.hpp>

namespace {

using namespace metriclab;

/// Large-margin softmax (L-Softmax): multiplicative angular margin, with the lengths of embeddings
/// and weights.
///
///     loss = mean over the examples of −log( e^{T} / (e^{T} + Σ over c ≠ y of e^{a_c cos θ_c}) )
///     T = a_y ψ(θ_y),    a_c = s ‖w_c‖ ‖x‖                                     (Eq. 4)
///     ψ(θ) = (−1)^k cos(m θ) − 2k  for θ in [kπ/m, (k + 1)π/m]                (Eq. 5–6)
///
/// θ_c: the angle between the embedding and the weight of class c; m: `margin`; s: `scale`, 1 in
/// the paper. Shapes: embeddings (B × d), labels (B) below the number of classes; trained: weights
/// (classes × d). An empty batch: 0. Cost: O(B C d) time, O(B C) memory for C classes.
/// Differs from the paper: no mixture with the plain softmax at the beginning of training.
class LargeMarginSoftmax final : public SoftmaxLoss {
 public:
  LargeMarginSoftmax() : SoftmaxLoss("weights", "cosine", false, "mean") {}
  static void describe(Description<LargeMarginSoftmax>& is) {
    is.summary("a softmax classifier in which the angle to the own class is multiplied");
    is.source(
        "Liu, Wen, Yu, Yang. Large-margin softmax loss for convolutional neural networks. ICML "
        "2016");
    is.cost("O(B C d) time, O(B C) memory for C classes");
    is.property("invariant_to_rotation");
    is.parameter("margin", &LargeMarginSoftmax::margin,
                 "m: by what the angle to the own class is multiplied")
        .at_least(1);
    is.parameter("scale", &LargeMarginSoftmax::scale, "a factor of all the logits").above(0);
    describe_reduction(is);
  }

 protected:
  at::Tensor logits(const Batch& batch) override {
    const at::Tensor cosine = cosines(batch);
    const at::Tensor lengths =
        safe_lengths(batch.embeddings).unsqueeze(1).mul(safe_lengths(weights()).unsqueeze(0));
    const at::Tensor widened = multiplied_angle(own(cosine, batch), margin);
    return with_own(cosine, batch, widened).mul(lengths).mul(scale);
  }

 private:
  std::int64_t margin = 4;
  double scale = 1;
};

METRICLAB_PLUGIN(LargeMarginSoftmax, "large_margin_softmax");

}  // namespace
