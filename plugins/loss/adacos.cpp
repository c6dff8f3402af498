// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/full.h>
#include <ATen/ops/where.h>

#include <algorithm>
#include <cmath>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/class_vectors.hpp>
#include <numbers>

namespace {

using namespace metriclab;

/// AdaCos: a softmax over cosines whose scale adapts itself.
///
///     loss = mean over the examples of −log( e^{s cos θ_y} / Σ over all c of e^{s cos θ_c} )
///     s at first = √2 log(C − 1)
///     s afterwards = log(M) / cos(min(π/4, median of θ_y over the batch))     (Eq. 13, 15–16)
///     M = mean over the examples of Σ over c ≠ y of e^{s cos θ_c}
///
/// θ_c: the angle between the embedding and the weight of class c. With `dynamic` off s stays as it
/// begins (the paper's fixed AdaCos). s is never below 1, where few classes would make it 0 or
/// less, and never above 1000, where examples at another class's weight would have it grow on.
/// Shapes: embeddings (B × d), labels (B) below the number of classes; trained: weights (classes ×
/// d); kept: scale (1). An empty batch: 0. Cost: O(B C d) time, O(B C) memory for C classes.
/// Differs from the paper: a batch changes the scale of the next one, not its own.
class AdaCos final : public SoftmaxLoss {
 public:
  AdaCos() : SoftmaxLoss("weights", "cosine", true, "mean") {}
  static void describe(Description<AdaCos>& is) {
    is.summary("a softmax over cosines with a scale that adapts itself to the batches");
    is.source(
        "Zhang, Zhao, Qiao, Wang, Li. AdaCos: adaptively scaling cosine logits for effectively "
        "learning deep face representations. CVPR 2019");
    is.cost("O(B C d) time, O(B C) memory for C classes");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("dynamic", &AdaCos::dynamic, "the scale adapts itself; otherwise it stays");
    describe_reduction(is);
  }

  void prepare(const LossSetting& setting) override {
    SoftmaxLoss::prepare(setting);
    const double first =
        std::numbers::sqrt2 * std::log(std::max<double>(2, static_cast<double>(n_classes()) - 1));
    scale_ = buffer("scale", at::full({1}, std::max(kLeastScale, first), setting.type));
  }

 protected:
  at::Tensor logits(const Batch& batch) override {
    const at::Tensor cosine = cosines(batch);
    const at::Tensor logits = cosine.mul(scale_.clone());
    if (dynamic && n_classes() > 1 && batch.embeddings.size(0) > 0) adapt(cosine.detach(), batch);
    return logits;
  }

 private:
  // At the largest softmax is the maximum, as far as float32 goes.
  static constexpr double kLeastScale = 1, kLargestScale = 1e3;

  void adapt(const at::Tensor& cosine, const Batch& batch) const {
    const WithoutAutograd off;
    const at::Tensor others = one_hot(labels(batch), n_classes(), cosine).neg().add(1);
    const at::Tensor log_mean = log_sum_exp(cosine.mul(scale_), others, false)
                                    .logsumexp(0)
                                    .sub(std::log(static_cast<double>(cosine.size(0))));
    const at::Tensor angle = angles_of(own(cosine, batch)).median().clamp_max(std::numbers::pi / 4);
    scale_.copy_(log_mean.div(angle.cos()).clamp(kLeastScale, kLargestScale).view({1}));
  }

  bool dynamic = true;
  at::Tensor scale_;
};

METRICLAB_PLUGIN(AdaCos, "adacos");

}  // namespace
