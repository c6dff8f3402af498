// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/regularizer.hpp>

namespace {

using namespace metriclab;

/// Keeps the classes' vectors equally long, so that classes of many examples have no advantage.
///
///     penalty = mean over the classes of ¼ (‖w_c‖² − mean over the classes of ‖w‖²)²    (Eq. 8)
class CenterInvariant final : public Regularizer {
 public:
  CenterInvariant() { on = "weights"; }
  static void describe(Description<CenterInvariant>& is) {
    is.summary("the mean squared deviation of the vectors' squared lengths from their mean");
    is.source(
        "Wu, Liu, Li, Fu. Deep face recognition with center invariant loss. ACM Multimedia "
        "workshops 2017");
    is.cost("O(n d) time and memory");
    is.property("invariant_to_rotation");
    describe_common(is);
  }
  at::Tensor penalty(const at::Tensor& vectors, std::int64_t) const override {
    if (vectors.size(0) == 0) return vectors.sum();
    const at::Tensor lengths = vectors.square().sum(1);
    return lengths.sub(lengths.mean()).square().mean().mul(0.25);
  }
};

METRICLAB_PLUGIN(CenterInvariant, "center_invariant");

}  // namespace
