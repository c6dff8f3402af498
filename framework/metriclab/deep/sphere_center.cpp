// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/where.h>

#include <metriclab/deep/sphere_center.hpp>

namespace metriclab {

at::Tensor sphere_center(const at::Tensor& embeddings) {
  constexpr double kLeast = 0.1;
  const at::Tensor mean = embeddings.mean(0);
  const at::Tensor away =
      at::where(mean.lt(0), mean.new_full({}, -kLeast), mean.new_full({}, kLeast));
  return at::where(mean.abs().lt(kLeast), away, mean);
}

}  // namespace metriclab
