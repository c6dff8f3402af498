// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/distance.hpp>
#include <metriclab/deep/regularizer.hpp>

namespace {

using namespace metriclab;

/// RegularFace: keeps the classes' vectors apart.
///
///     penalty = mean over i of max over j ≠ i of cos(w_i, w_j) (Eq. 9)
///
/// The gradient goes to the nearest vector of each, the first of several as near. 0 for fewer than
/// two vectors.
class RegularFace final : public Regularizer {
 public:
  RegularFace() { on = "weights"; }
  static void describe(Description<RegularFace>& is) {
    is.summary("the mean cosine of each vector and the one nearest to it");
    is.source(
        "Zhao, Xu, Cheng. RegularFace: deep face recognition via exclusive regularization. CVPR "
        "2019");
    is.cost("O(n² d) time, O(n²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    describe_common(is);
  }
  at::Tensor penalty(const at::Tensor& vectors, std::int64_t) const override {
    if (vectors.size(0) < 2) return vectors.sum().mul(0);
    const at::Tensor distances = cosine_matrix(vectors, vectors);
    at::Tensor others = distances.detach().clone();
    others.fill_diagonal_(3);  // farther than any: distances are at most 2
    const at::Tensor nearest = others.argmin(1, true);
    return distances.gather(1, nearest).neg().add(1).mean();
  }
};

METRICLAB_PLUGIN(RegularFace, "regular_face");

}  // namespace
