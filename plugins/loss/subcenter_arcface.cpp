// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/by_type.hpp>
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
    return logits(all.view({all.size(0), n_classes(), sub_centers}).amax({2}), batch);
  }
  at::Tensor fused_logits(const Batch& batch) override {
    return logits(largest(cosines(batch)), batch);
  }

 private:
  /// From the cosines to the classes, (B × classes).
  at::Tensor logits(const at::Tensor& cosine, const Batch& batch) const {
    const at::Tensor widened = with_angular_margin(own(cosine, batch), radians(margin));
    return with_own(cosine, batch, widened).mul(scale);
  }

  /// Of each class's cosines, which stand together, the largest; equals share its gradient.
  at::Tensor largest(const at::Tensor& cosines) const {
    const at::Tensor here = cosines.detach().contiguous();
    at::Tensor values = here.new_empty({here.size(0), n_classes()});
    by_type(here, [&]<class T>(T) {
      const T* of = here.data_ptr<T>();
      T* value = values.data_ptr<T>();
      for (std::int64_t i = 0; i < values.numel(); ++i, of += sub_centers) {
        T most = of[0];
        for (std::int64_t c = 1; c < sub_centers; ++c) most = std::max(most, of[c]);
        value[i] = most;
      }
    });
    return with_backward(
        values, {cosines},
        [here, k = sub_centers, values = values.detach()](const at::Tensor& outer) {
          const at::Tensor given = outer.contiguous(), gradient = at::empty_like(here);
          by_type(here, [&]<class T>(T) {
            const T *of = here.data_ptr<T>(), *value = values.data_ptr<T>(),
                    *g = given.data_ptr<T>();
            T* to = gradient.data_ptr<T>();
            for (std::int64_t i = 0; i < values.numel(); ++i, of += k, to += k) {
              // Without branches, which nothing would predict.
              T n = 0;
              for (std::int64_t c = 0; c < k; ++c) n += T(of[c] == value[i]);
              const T share = g[i] / n;
              for (std::int64_t c = 0; c < k; ++c) to[c] = share * T(of[c] == value[i]);
            }
          });
          return std::vector<at::Tensor>{gradient};
        });
  }

  double margin = 28.6;
  double scale = 64;
  std::int64_t sub_centers = 3;
};

METRICLAB_PLUGIN(SubcenterArcFace, "subcenter_arcface");

}  // namespace
