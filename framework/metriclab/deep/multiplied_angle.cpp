// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/class_vectors.hpp>
#include <metriclab/deep/multiplied_angle.hpp>
#include <numbers>

namespace metriclab {

at::Tensor multiplied_angle(const at::Tensor& cosines, std::int64_t m) {
  const at::Tensor angles = angles_of(cosines).mul(m);
  const at::Tensor k = angles.detach().div(std::numbers::pi).floor();
  const at::Tensor sign = k.remainder(2).mul(-2).add(1);
  return sign.mul(angles.cos()).sub(k.mul(2));
}

// LibTorch's norm has the gradient 0 at 0.
at::Tensor safe_lengths(const at::Tensor& x) { return x.norm(2, {1}); }

}  // namespace metriclab
