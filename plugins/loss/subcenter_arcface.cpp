// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/class_vectors.hpp>

namespace {

using namespace metriclab;

/// Sub-centre ArcFace: a class has several weights, of which the nearest counts.
///
///     cos θ_c = max over the sub-centres k of class c of cos(x, w_ck),
///     and with these angles the loss of ArcFace    (Eq. 3)
///
/// Shapes: embeddings (B × d), labels (B) below the number of classes; trained: weights
/// (classes·sub_centers × d), those of a class together. An empty batch: 0. Cost: O(B C K d) time,
/// O(B C K) memory for C classes with K sub-centres.
/// Differs from the paper: the margin is in degrees, the paper's 0.5 being 28.6; sub-centres with
/// few examples are not dropped during training.
class SubcenterArcFace final : public SoftmaxLoss {
 public:
  SubcenterArcFace() : SoftmaxLoss("weights", "cosine", true, "mean") {}
  static void describe(Description<SubcenterArcFace>& is) {
    is.summary("ArcFace with several weights of each class, of which the nearest counts");
    is.source(
        "Deng, Guo, Liu, Gong, Zafeiriou. Sub-center ArcFace: boosting face recognition by "
        "large-scale noisy web faces. ECCV 2020");
    is.cost("O(B C K d) time, O(B C K) memory for C classes with K sub-centres");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("margin", &SubcenterArcFace::margin, "m, in degrees").at_least(0).below(180);
    is.parameter("scale", &SubcenterArcFace::scale, "s: the inverse of a temperature").above(0);
    is.parameter("sub_centers", &SubcenterArcFace::sub_centers, "K: the weights of a class")
        .at_least(1);
    describe_reduction(is);
  }

 protected:
  std::int64_t vectors_per_class() const override { return sub_centers; }

  at::Tensor logits(const Batch& batch) override {
    const at::Tensor all = cosines(batch);
    const at::Tensor cosine = all.view({all.size(0), n_classes(), sub_centers}).amax({2});
    const at::Tensor widened = with_angular_margin(own(cosine, batch), radians(margin));
    return with_own(cosine, batch, widened).mul(scale);
  }

 private:
  double margin = 28.6;
  double scale = 64;
  std::int64_t sub_centers = 3;
};

METRICLAB_PLUGIN(SubcenterArcFace, "subcenter_arcface");

}  // namespace
