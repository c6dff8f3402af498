// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/regularizer.hpp>

namespace {

using namespace metriclab;

/// Keeps the values of each vector around 0.
///
///     penalty = mean over the vectors of |Σ over the dimensions of x_k|    (Eq. 11)
class ZeroMean final : public Regularizer {
 public:
  static void describe(Description<ZeroMean>& is) {
    is.summary("the mean of the vectors' sums, without their signs");
    is.source(
        "Yuan, Deng, Tang, Tang, Chen. Signal-to-noise ratio: a robust distance metric for deep "
        "metric learning. CVPR 2019");
    is.cost("O(n d) time and memory");
    describe_common(is);
  }
  at::Tensor penalty(const at::Tensor& vectors, std::int64_t) const override {
    if (vectors.size(0) == 0) return vectors.sum();
    return vectors.sum(1).abs().mean();
  }
};

METRICLAB_PLUGIN(ZeroMean, "zero_mean");

}  // namespace
