// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

namespace metriclab {

/// What batch normalisation holds for each of C channels, (C) each; the last two are its buffers.
struct NormTensors {
  at::Tensor weight, bias, mean, variance;
};

/// How far the running mean and variance move to those of a batch, and what is added to variances.
inline constexpr double kRunningShare = 0.1, kNormEpsilon = 1e-5;

/// Whether a batch (B × C × …) is normalised by its own statistics: in training, unless it has a
/// single value a channel, which has no variance.
bool uses_batch_statistics(const at::Tensor& x, bool training);

/// The 2 × 2 max-pooling of the ReLU of the batch normalisation of x,
///
///     y = max over each square of [γ (x − mean) / √(variance + ε) + β]₊
///
/// (B × C × H × W) to (B × C × ⌊H/2⌋ × ⌊W/2⌋), differentiable once with respect to x, γ and β; the
/// running statistics are moved in training. Where a square holds equal maxima the first, by rows,
/// has the gradient.
///
/// Fused, on the CPU: two passes over x, and one over it and its gradient on the way back, where
/// the separate operations take nine; what is kept between them is of the size of y. Elsewhere the
/// separate operations.
at::Tensor norm_relu_pool(const at::Tensor& x, const NormTensors& norm, bool training);

/// The separate operations.
at::Tensor norm_relu_pool_plain(const at::Tensor& x, const NormTensors& norm, bool training);

}  // namespace metriclab
