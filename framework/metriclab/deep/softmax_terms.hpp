// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/deep/batch.hpp>
#include <metriclab/deep/reducer.hpp>
#include <metriclab/deep/tuples.hpp>

namespace metriclab {

// What losses have in common that look for an anchor's positives in a softmax over its partners.

/// The batch as its own reference set, so that an anchor is one of its positives.
Batch against_itself(const Batch& batch);

/// The reduction over the anchors with positives of −(1/|P|) Σ over p in P of log(e^{z_p} / Σ over
/// a in P and N of e^{z_a}), z = slope · distance, for the anchor's positives P and negatives N.
/// Exactly 0 where the only partner is a positive. In tensor operations, and as a kernel;
/// `distances`: (B × R).
at::Tensor cross_entropy(const at::Tensor& distances, const Batch& batch, const Tuples& tuples,
                         double slope, const Reduction& reduction);
at::Tensor fused_cross_entropy(const at::Tensor& distances, const Batch& batch,
                               const Tuples& tuples, double slope, const Reduction& reduction);

/// The reduction over the positive pairs (i, p) of −log(e^{z_p} / (e^{z_p} + Σ over n in N of
/// e^{z_n})), z = −distance/temperature, N being i's negatives. 0 for an anchor without negatives.
/// Likewise.
at::Tensor info_nce(const at::Tensor& distances, const Batch& batch, const Tuples& tuples,
                    double temperature, const Reduction& reduction);
at::Tensor fused_info_nce(const at::Tensor& distances, const Batch& batch, const Tuples& tuples,
                          double temperature, const Reduction& reduction);

}  // namespace metriclab
