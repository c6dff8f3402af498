// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/loss.hpp>
#include <metriclab/deep/views.hpp>

namespace {

using namespace metriclab;

/// Barlow Twins: the correlation of the dimensions of two views is to be the identity.
///
///     loss = Σ_i (1 − C_ii)² + λ Σ_{i≠j} C_ij²                                             (Eq. 1)
///     C_ij = Σ_b z_bi z'_bj / (√(Σ_b z_bi²) √(Σ_b z'_bj²))                                 (Eq. 2)
///
/// z and z', (n × d): the first and second views of n examples (see view_pairs), each dimension
/// less its mean over the n. A dimension without variance has the correlations 0. Labels and tuples
/// have no part in it. No example of two views: an Error.
/// Cost: O(n d²) time, O(n d + d²) memory.
/// Differs from the paper: to the squares under the roots n · 10⁻⁵ is added, as the batch
/// normalisation in its authors' program does, so that the gradient stays finite.
class BarlowTwins final : public Loss {
 public:
  static void describe(Description<BarlowTwins>& is) {
    is.summary("the correlations between the dimensions of two views are to be the identity");
    is.source(
        "Zbontar, Jing, Misra, LeCun, Deny. Barlow Twins: self-supervised learning via redundancy "
        "reduction. ICML 2021");
    is.cost("O(B d²) time, O(B d + d²) memory");
    is.property("invariant_to_translation");
    is.property("depends_on_order");
    is.property("needs_views");
    is.parameter("redundancy", &BarlowTwins::redundancy,
                 "λ: the weight of correlations between different dimensions")
        .at_least(0);
  }

  at::Tensor forward(const Batch& batch, const Tuples&) override {
    check_batch(batch);
    const ViewPairs views = view_pairs(batch);
    const at::Tensor correlations =
        standardised(views.first).t().matmul(standardised(views.second));
    const at::Tensor own = correlations.diagonal();
    const at::Tensor others = correlations.sub(own.diag_embed());
    return own.neg().add(1).square().sum().add(others.square().sum(), redundancy);
  }

  bool needs_labels() const override { return false; }

 private:
  static at::Tensor standardised(const at::Tensor& z) {
    constexpr double kLeastVariance = 1e-5;
    const at::Tensor centred = z.sub(z.mean(0, true));
    const double least = kLeastVariance * static_cast<double>(z.size(0));
    return centred.div(centred.square().sum(0, true).add(least).sqrt());
  }

  double redundancy = 0.005;
};

METRICLAB_PLUGIN(BarlowTwins, "barlow_twins");

}  // namespace
