// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace metriclab {

/// ψ(θ) = (−1)^k cos(m θ) − 2k, k = ⌊m θ / π⌋, of θ = arccos of the cosines: it falls as θ grows,
/// and faster than cos θ (Liu et al. Large-margin softmax loss. ICML 2016, Eq. 5–6).
at::Tensor multiplied_angle(const at::Tensor& cosines, std::int64_t m);

/// ‖x‖ of each row, (n); of a row of zeros 0, with gradient 0.
at::Tensor safe_lengths(const at::Tensor& x);

}  // namespace metriclab
