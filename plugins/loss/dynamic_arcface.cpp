// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/empty.h>

#include <cmath>
#include <metriclab/deep/class_vectors.hpp>

namespace {

using namespace metriclab;

/// ArcFace with a margin for each class, the wider the fewer training examples it has.
///
///     m_c = a n_c^{−λ} + b,    and with m_y in the place of m the loss of ArcFace
///
/// n_c: the number of training examples of class c (1 for a class without any); a, b: `range`,
/// `least`; λ: `exponent`. Shapes: embeddings (B × d), labels (B) below the number of classes;
/// trained: weights (classes × d); kept: margins (classes), in radians. An empty batch: 0. Cost:
/// O(B C d) time, O(B C) memory for C classes. Differs from the paper: angles are in degrees, the
/// paper's 0.5 and 0.05 being 28.6 and 2.9; its classifier has sub-centres.
class DynamicArcFace final : public SoftmaxLoss {
 public:
  DynamicArcFace() : SoftmaxLoss("weights", "cosine", true, "mean") {}
  static void describe(Description<DynamicArcFace>& is) {
    is.summary("ArcFace with a wider margin for classes of few examples");
    is.source(
        "Ha, Liu, Liu, Liao. Google Landmark Recognition 2020 competition third place solution. "
        "arXiv 2020 (section 3.2)");
    is.cost("O(B C d) time, O(B C) memory for C classes");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("range", &DynamicArcFace::range,
                 "a, in degrees: what a class of one example has beyond the least margin")
        .at_least(0);
    is.parameter("least", &DynamicArcFace::least, "b, in degrees: the margin of a large class")
        .at_least(0);
    is.parameter("exponent", &DynamicArcFace::exponent,
                 "λ: how fast margins fall with the number of examples")
        .at_least(0);
    is.parameter("scale", &DynamicArcFace::scale, "s: the inverse of a temperature").above(0);
    describe_reduction(is);
  }

  void prepare(const LossSetting& setting) override {
    SoftmaxLoss::prepare(setting);
    std::vector<double> counts(static_cast<std::size_t>(setting.n_classes), 0);
    for (const std::int64_t label : setting.labels)
      if (label >= 0 && label < setting.n_classes) ++counts[static_cast<std::size_t>(label)];
    const at::Tensor margins = at::empty({setting.n_classes}, at::kDouble);
    double* to = margins.data_ptr<double>();
    for (const double count : counts)
      *to++ = radians(range * std::pow(std::max(count, 1.0), -exponent) + least);
    margins_ = buffer("margins", margins.to(setting.type));
  }

 protected:
  at::Tensor logits(const Batch& batch) override {
    const at::Tensor cosine = cosines(batch), margins = margins_.index_select(0, labels(batch));
    const at::Tensor widened = with_angular_margin(own(cosine, batch), margins);
    return with_own(cosine, batch, widened).mul(scale);
  }

 private:
  double range = 28.6;
  double least = 2.9;
  double exponent = 0.25;
  double scale = 64;
  at::Tensor margins_;
};

METRICLAB_PLUGIN(DynamicArcFace, "dynamic_arcface");

}  // namespace
