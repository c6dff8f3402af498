// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/deep/pair_rows.hpp>
#include <metriclab/deep/tensor_terms.hpp>

namespace metriclab {

// What losses have in common that look for an anchor's positives in a softmax over its partners.

/// −(1/|P|) Σ over p in P of log(e^{z_p} / Σ over a in P and N of e^{z_a}), z = slope·x, for the
/// anchor's positives P and negatives N, and its gradient by x. 0 without positives, and exactly 0
/// where the only partner is a positive.
template <class T>
double cross_entropy(const PairRow<T>& row, T slope);

/// The same in tensor operations, (n), from z, (n × m).
at::Tensor cross_entropies(const at::Tensor& z, const PairCounts& counts);

extern template double cross_entropy(const PairRow<float>&, float);
extern template double cross_entropy(const PairRow<double>&, double);

}  // namespace metriclab
