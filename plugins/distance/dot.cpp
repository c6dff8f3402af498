// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/distance.hpp>

namespace {

using namespace metriclab;

/// d(x, y) = −x·y; the similarity is the inner product. Not a metric.
class Dot final : public BatchDistance {
 public:
  static void describe(Description<Dot>& is) {
    is.summary("minus the inner product");
    is.source(
        "Sohn. Improved deep metric learning with multi-class N-pair loss objective. NIPS 2016");
    is.cost("O(n m d) time, O(n m) memory: one matrix product");
    is.property("symmetric");
    is.property("invariant_to_rotation");
  }
  at::Tensor matrix(const at::Tensor& x, const at::Tensor& y) const override {
    return dot_matrix(x, y);
  }
  at::Tensor pairs(const at::Tensor& x, const at::Tensor& y) const override {
    return dot_pairs(x, y);
  }
  double as_distance(double threshold) const override { return -threshold; }
  Distance for_evaluation() const override { return Distance::dot; }
};

METRICLAB_PLUGIN(Dot, "dot");

}  // namespace
