// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/distance.hpp>

namespace {

using namespace metriclab;

/// d(x, y) = 1 − x·y / (‖x‖ ‖y‖), in 0 … 2; the similarity is the cosine. A zero vector is at
/// distance 1 from everything.
class Cosine final : public BatchDistance {
 public:
  static void describe(Description<Cosine>& is) {
    is.summary("1 minus the cosine of the angle");
    is.source(
        "Wang, Han, Huang, Dong, Scott. Multi-similarity loss with general pair weighting. CVPR "
        "2019");
    is.cost("O(n m d) time, O(n m) memory: one matrix product");
    is.property("symmetric");
    is.property("zero_for_equal");
    is.property("invariant_to_rotation");
  }
  at::Tensor matrix(const at::Tensor& x, const at::Tensor& y) const override {
    return cosine_matrix(x, y);
  }
  at::Tensor pairs(const at::Tensor& x, const at::Tensor& y) const override {
    return cosine_pairs(x, y);
  }
  bool ignores_length() const override { return true; }
  double similarity_offset() const override { return 1; }
  double as_distance(double threshold) const override { return 1 - threshold; }
  Distance for_evaluation() const override { return Distance::cosine; }
};

METRICLAB_PLUGIN(Cosine, "cosine");

}  // namespace
