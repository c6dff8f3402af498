// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

#include <metriclab/plugin/error.hpp>

namespace metriclab {

/// Calls `f(float{})` or `f(double{})`, whichever the tensor holds.
template <class F>
decltype(auto) by_type(const at::Tensor& tensor, F&& f) {
  METRICLAB_CHECK(tensor.scalar_type() == at::kFloat || tensor.scalar_type() == at::kDouble,
                  "embeddings that are neither float32 nor float64");
  if (tensor.scalar_type() == at::kDouble) return f(double{});
  return f(float{});
}

}  // namespace metriclab
