// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/loss.hpp>
#include <metriclab/deep/views.hpp>

namespace {

using namespace metriclab;

/// VICReg: views of an example are brought together, while each dimension keeps its variance and
/// has no covariance with the others.
///
///     loss = λ s(Z, Z') + μ (v(Z) + v(Z')) + ν (c(Z) + c(Z'))                              (Eq. 6)
///     s = (1/n) Σ_i ‖z_i − z'_i‖²                                                          (Eq. 5)
///     v = (1/d) Σ_j [γ − √(Var(z_j) + ε)]₊                                             (Eq. 1, 2)
///     c = (1/d) Σ_{i≠j} Cov(z_i, z_j)²                                                 (Eq. 3, 4)
///
/// Z and Z', (n × d): the first and second views of n examples (see view_pairs); Var and Cov: over
/// the n rows, with 1/(n − 1), both 0 for n = 1. `normalization`: "paper" is the formulas above,
/// "program", the default, that of the authors' program, with which λ = μ = 25 and ν = 1 were
/// chosen: s is divided by d, and v halved. By the formulas those λ and μ let the views' distance
/// outweigh the variance d times over. Labels and tuples have no part in it. No example of two
/// views: an Error.
/// Cost: O(n d²) time, O(n d + d²) memory.
/// Differs from the paper: by default as said; its expander, three layers that are dropped after
/// training, is the architecture's matter.
class VicReg final : public Loss {
 public:
  static void describe(Description<VicReg>& is) {
    is.summary("views come together, dimensions keep their variance and lose their covariance");
    is.source(
        "Bardes, Ponce, LeCun. VICReg: variance-invariance-covariance regularization for "
        "self-supervised learning. ICLR 2022");
    is.cost("O(B d²) time, O(B d + d²) memory");
    is.property("invariant_to_translation");
    is.property("depends_on_order");
    is.property("needs_views");
    is.parameter("invariance", &VicReg::invariance, "λ: the weight of the views' distance")
        .at_least(0);
    is.parameter("variance", &VicReg::variance, "μ: the weight of too small deviations")
        .at_least(0);
    is.parameter("covariance", &VicReg::covariance, "ν: the weight of the squared covariances")
        .at_least(0);
    is.parameter("deviation", &VicReg::deviation,
                 "γ: the standard deviation that each dimension is to have")
        .above(0);
    is.parameter("epsilon", &VicReg::epsilon, "ε: what is added to variances under the root")
        .above(0);
    is.parameter("normalization", &VicReg::normalization,
                 "that of the paper's formulas, or of its authors' program, for which the weights "
                 "were chosen: the views' distance is divided by d, and the part of the "
                 "deviations by 2")
        .one_of({"paper", "program"});
  }

  at::Tensor forward(const Batch& batch, const Tuples&) override {
    check_batch(batch);
    const ViewPairs views = view_pairs(batch);
    const bool by_program = normalization == "program";
    const at::Tensor apart = views.first.sub(views.second).square();
    return (by_program ? apart.mean() : apart.sum(1).mean())
        .mul(invariance)
        .add(spread(views.first, by_program))
        .add(spread(views.second, by_program));
  }

  bool needs_labels() const override { return false; }

 private:
  /// μ v + ν c of one side.
  at::Tensor spread(const at::Tensor& z, bool by_program) const {
    const auto n = static_cast<double>(std::max<std::int64_t>(z.size(0) - 1, 1)),
               d = static_cast<double>(z.size(1));
    const at::Tensor centred = z.sub(z.mean(0, true));
    const at::Tensor deviations = centred.square().sum(0).div(n).add(epsilon).sqrt();
    const at::Tensor covariances = centred.t().matmul(centred).div(n);
    const at::Tensor others = covariances.sub(covariances.diagonal().diag_embed());
    return deviations.neg()
        .add(deviation)
        .clamp_min(0)
        .mean()
        .mul(by_program ? variance / 2 : variance)
        .add(others.square().sum().div(d), covariance);
  }

  double invariance = 25;
  double variance = 25;
  double covariance = 1;
  double deviation = 1;
  double epsilon = 1e-4;
  std::string normalization = "program";
};

METRICLAB_PLUGIN(VicReg, "vicreg");

}  // namespace
