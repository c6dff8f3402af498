// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/deep/batch.hpp>
#include <metriclab/deep/tuples.hpp>
#include <string_view>

namespace metriclab {

// What losses have in common that compare embeddings with trained vectors of the classes.

/// The batch's labels on the embeddings' device, (B) int64. Throws Error where one is not in 0 …
/// n_classes − 1; `what` names the trained vectors ("proxies").
at::Tensor labels_below(const Batch& batch, std::int64_t n_classes, std::string_view what);

/// (B × C), 1 in the column of each example's class, of the embeddings' type on their device.
at::Tensor one_hot(const at::Tensor& labels, std::int64_t n_classes, const at::Tensor& like);

/// How much each example counts, (B) of the embeddings' type on their device: 1 for all tuples; for
/// tuples given how often the example is in them (as anchor or partner), measured by the most
/// frequent one.
at::Tensor example_weights(const Batch& batch, const Tuples& tuples);

}  // namespace metriclab
