// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/distance.hpp>

namespace {

using namespace metriclab;

/// d(x, y) = var(x − y) / var(x): the inverse of the signal-to-noise ratio, x being the signal and
/// y the noisy one. Not symmetric; the variance is over the dimensions, with Bessel's correction
/// (which cancels). A signal without variance is at distance 0 from what differs from it by a
/// constant, and at the variance of the noise over 10⁻¹² from everything else.
class Snr final : public BatchDistance {
 public:
  static void describe(Description<Snr>& is) {
    is.summary("the variance of the difference over that of the first: not symmetric");
    is.source(
        "Yuan, Deng, Tang, Tang, Chen. Signal-to-noise ratio: a robust distance metric for deep "
        "metric learning. CVPR 2019 (Eq. 4)");
    is.cost("O(n m d) time, O(n m) memory: one matrix product");
    is.property("zero_for_equal");
  }
  at::Tensor matrix(const at::Tensor& x, const at::Tensor& y) const override {
    constexpr double kLeast = 1e-12;
    // Variances are squared lengths of vectors whose mean over the dimensions is taken off.
    const at::Tensor a = x.sub(x.mean(1, true)), b = x.is_same(y) ? a : y.sub(y.mean(1, true));
    return euclidean_matrix(a, b, true).div(a.square().sum(1, true).clamp_min(kLeast));
  }
};

METRICLAB_PLUGIN(Snr, "snr");

}  // namespace
