// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/deep/batch.hpp>
#include <metriclab/deep/reducer.hpp>
#include <metriclab/deep/tuples.hpp>

namespace metriclab {

// What losses are written with in tensor operations alone: on any device, without waiting for it,
// and differentiable by autograd.

/// How often each pair counts, (B × R) of the embeddings' type on their device: for all tuples 1
/// where the labels say so; for pairs as often as listed; for triplets 1 for each of the different
/// pairs.
struct PairCounts {
  at::Tensor positive, negative;
};
PairCounts pair_counts(const Batch& batch, const Tuples& tuples);

/// The reduction of terms, (n × m) or (n), each of which counts as often as `counts` says, with n
/// anchors of the `labels` given. Where the count is 0 a term may be infinite, not NaN. `divisor`:
/// for Count::given.
at::Tensor reduced(const at::Tensor& terms, const at::Tensor& counts, const at::Tensor& labels,
                   const Reduction& reduction, const at::Tensor& divisor = {});
/// The same for terms that all count once.
at::Tensor reduced(const at::Tensor& terms, const at::Tensor& labels, const Reduction& reduction);

/// log Σ_j counts_ij e^{x_ij} of each row, (n × m) to (n); with `with_one` the sum has a 1 beside.
/// Of nothing: 0 with `with_one`, otherwise −10³⁰ without gradient.
at::Tensor log_sum_exp(const at::Tensor& x, const at::Tensor& counts, bool with_one);

}  // namespace metriclab
