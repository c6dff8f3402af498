// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/distance.hpp>

namespace {

using namespace metriclab;

/// d(x, y) = ‖x − y‖².
class SquaredEuclidean final : public BatchDistance {
 public:
  static void describe(Description<SquaredEuclidean>& is) {
    is.summary("the square of the Euclidean distance");
    is.source(
        "Schroff, Kalenichenko, Philbin. FaceNet: a unified embedding for face recognition and "
        "clustering. CVPR 2015");
    is.cost("O(n m d) time, O(n m) memory: one matrix product");
    is.property("symmetric");
    is.property("zero_for_equal");
    is.property("invariant_to_rotation");
    is.property("invariant_to_translation");
  }
  at::Tensor matrix(const at::Tensor& x, const at::Tensor& y) const override {
    return euclidean_matrix(x, y, true);
  }
  at::Tensor pairs(const at::Tensor& x, const at::Tensor& y) const override {
    return euclidean_pairs(x, y, true);
  }
  Distance for_evaluation() const override { return Distance::squared_euclidean; }
};

METRICLAB_PLUGIN(SquaredEuclidean, "squared_euclidean");

}  // namespace
