// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/cdist.h>

#include <metriclab/deep/distance.hpp>

namespace {

using namespace metriclab;

/// d(x, y) = (Σ |x_k − y_k|^p)^(power / p).
///
/// Computed directly; for p = 2 with power 1 or 2, "euclidean" and "squared_euclidean" are faster.
class Lp final : public BatchDistance {
 public:
  static void describe(Description<Lp>& is) {
    is.summary("the p-norm of the difference, raised to a power");
    is.source("Minkowski. Geometrie der Zahlen. 1896");
    is.cost("O(n m d) time, O(n m) memory");
    is.property("symmetric");
    is.property("zero_for_equal");
    is.property("invariant_to_translation");
    is.parameter("p", &Lp::p,
                 "1: city block; 2: Euclidean; the larger, the more the largest difference counts")
        .at_least(1);
    is.parameter("power", &Lp::power, "the norm is raised to this").at_least(1);
  }
  at::Tensor matrix(const at::Tensor& x, const at::Tensor& y) const override {
    const at::Tensor norms = p == 1 ? manhattan_matrix(x, y) : at::cdist(x, y, p, kDirectly);
    return power == 1 ? norms : norms.pow(power);
  }
  /// A power changes no order. Evaluators know the city block and the Euclidean distance; of other
  /// p none has the order, and the Euclidean one stands for them.
  Distance for_evaluation() const override {
    if (p == 1) return Distance::manhattan;
    return p == 2 && power == 2 ? Distance::squared_euclidean : Distance::euclidean;
  }

 private:
  static constexpr std::int64_t kDirectly =
      2;  // cdist's compute_mode that never goes by way of a matrix product

  double p = 2;
  double power = 1;
};

METRICLAB_PLUGIN(Lp, "lp");

}  // namespace
