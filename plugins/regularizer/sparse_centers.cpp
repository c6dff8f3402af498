// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/where.h>

#include <metriclab/deep/distance.hpp>
#include <metriclab/deep/regularizer.hpp>

namespace {

using namespace metriclab;

/// Lets centres of one class merge, so that a class has as many as it needs.
///
///     penalty = 1/(C K (K − 1)) Σ over the classes, and over the pairs i < j of a class's centres,
///     of √(2 − 2 cos(w_i, w_j))    (Eq. 8)
///
/// The vectors are those of C classes with K centres each, as the loss has them. 0 for K = 1. Where
/// centres coincide the gradient is 0.
class SparseCenters final : public Regularizer {
 public:
  SparseCenters() { on = "weights"; }
  static void describe(Description<SparseCenters>& is) {
    is.summary("the mean distance between the centres of a class: lets them merge");
    is.source(
        "Qian, Shang, Sun, Hu, Li, Jin. SoftTriple loss: deep metric learning without triplet "
        "sampling. ICCV 2019");
    is.cost("O(n K d) time, O(n K) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    describe_common(is);
  }
  at::Tensor penalty(const at::Tensor& vectors, std::int64_t per_class) const override {
    const std::int64_t n = vectors.size(0), k = per_class;
    if (n == 0 || k == 1) return vectors.sum().mul(0);
    const at::Tensor each = normalized_rows(vectors).view({n / k, k, vectors.size(1)});
    const at::Tensor squares = each.bmm(each.transpose(1, 2)).mul(-2).add(2).triu(1);
    // Unit vectors that coincide are at 0 but for rounding.
    const double nothing = vectors.scalar_type() == at::kDouble ? 1e-14 : 1e-6;
    const at::Tensor apart = squares.gt(nothing);
    const at::Tensor roots = at::where(apart, squares, squares.new_ones({})).sqrt();
    return at::where(apart, roots, squares.new_zeros({}))
        .sum()
        .div(static_cast<double>(n * (k - 1)));
  }
};

METRICLAB_PLUGIN(SparseCenters, "sparse_centers");

}  // namespace
