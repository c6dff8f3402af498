// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/where.h>

#include <metriclab/deep/distance.hpp>

namespace {

using namespace metriclab;

/// The hyperbolic distance in the Poincaré ball of curvature −1.
///
///     d(x, y) = arcosh(1 + 2 ‖u − v‖² / ((1 − ‖u‖²)(1 − ‖v‖²))),    u = exp₀(x), v = exp₀(y)
///
/// exp₀(x) = tanh(‖x‖) x/‖x‖, the exponential map at the origin, of vectors that are shortened to
/// length 1 where they are longer (into_ball says why). Models whose loss compares so give
/// embeddings that are in the ball already (metriclab::prepare_for brings them there), which
/// evaluators compare by Distance::poincare. (Another curvature −c is the same on vectors √c times
/// as long, the distance being divided by √c.)
class Poincare final : public BatchDistance {
 public:
  static void describe(Description<Poincare>& is) {
    is.summary("the hyperbolic distance in the Poincaré ball, into which vectors are mapped");
    is.source(
        "Nickel, Kiela. Poincaré embeddings for learning hierarchical representations. NIPS 2017 "
        "(Eq. 1)");
    is.source(
        "Khrulkov, Mirvakhabova, Ustinova, Oseledets, Lempitsky. Hyperbolic image embeddings. CVPR "
        "2020 (the exponential map)");
    is.source(
        "Guo, Wang, Chen, Yu. Clipped hyperbolic classifiers are super-hyperbolic classifiers. "
        "CVPR 2022 (no vector longer than 1 before the map)");
    is.cost("O(n m d) time, O(n m) memory: one matrix product");
    is.property("symmetric");
    is.property("zero_for_equal");
    is.property("invariant_to_rotation");
  }
  at::Tensor matrix(const at::Tensor& x, const at::Tensor& y) const override {
    const at::Tensor u = into_ball(x), v = x.is_same(y) ? u : into_ball(y);
    const at::Tensor z = euclidean_matrix(u, v, true)
                             .mul(2)
                             .div(room_in_ball(x).unsqueeze(1).mul(room_in_ball(y).unsqueeze(0)));
    // arcosh(1 + z) = log(1 + z + √(z (z + 2))), whose slope at 0 is infinite.
    const at::Tensor apart = z.gt(0), safe = at::where(apart, z, z.new_ones({}));
    return at::where(apart, safe.add(safe.mul(safe.add(2)).sqrt()).log1p(), z.new_zeros({}));
  }
  Distance for_evaluation() const override { return Distance::poincare; }
};

METRICLAB_PLUGIN(Poincare, "poincare");

}  // namespace
