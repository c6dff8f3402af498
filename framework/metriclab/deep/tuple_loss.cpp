// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>

#include <metriclab/deep/tuple_loss.hpp>

namespace metriclab {

TupleLoss::TupleLoss(const char* default_distance, bool normalized, const char* default_reducer)
    : distance(default_distance), normalize_embeddings(normalized), reducer(default_reducer) {}
TupleLoss::~TupleLoss() = default;

at::Tensor TupleLoss::forward(const Batch& batch, const Tuples& tuples, bool fused) {
  Batch seen = batch;
  if (tuples.reference.defined()) {
    seen.reference = tuples.reference;
    seen.reference_labels = tuples.reference_labels;
    seen.own = at::Tensor();
  }
  check_batch(seen);
  check_tuples(seen, tuples);
  if (tuples.form == Tuples::Form::all) seen = grouped(seen);
  at::Tensor loss = fused ? fused_loss(seen, tuples) : tensor_loss(seen, tuples);
  for (const Plugin<Regularizer>& regularizer : regularizers) {
    const bool on_weights = regularizer->on == "weights";
    const at::Tensor vectors = on_weights ? weights() : batch.embeddings;
    if (!vectors.defined())
      throw Error("a regularizer is on \"weights\", and this loss has none; take \"embeddings\"")
          .in("regularizers");
    loss = loss.add(regularizer->penalty(vectors, on_weights ? vectors_per_class() : 1),
                    regularizer->weight);
  }
  return loss;
}

at::Tensor TupleLoss::distances(const at::Tensor& x, const at::Tensor& y) const {
  METRICLAB_CHECK(distance, "distances of a loss that declares none: describe_common does");
  if (!normalize_embeddings || distance->ignores_length()) return distance->matrix(x, y);
  const at::Tensor unit = normalized_rows(x);
  return distance->matrix(unit, x.is_same(y) ? unit : normalized_rows(y));
}

at::Tensor TupleLoss::distances_at(const at::Tensor& x, const at::Tensor& rows, const at::Tensor& y,
                                   const at::Tensor& columns) const {
  METRICLAB_CHECK(distance, "distances of a loss that declares none: describe_common does");
  const bool is_normalized = normalize_embeddings && !distance->ignores_length();
  const at::Tensor from = is_normalized ? normalized_rows(x) : x,
                   to = x.is_same(y) ? from : (is_normalized ? normalized_rows(y) : y);
  return distance->pairs(from.index_select(0, rows), to.index_select(0, columns));
}

Distance TupleLoss::learned_distance() const {
  if (!distance) return distance_from_string(distance.default_name());
  return evaluation_distance(*distance, normalize_embeddings);
}

at::Tensor zeros_like_values(const at::Tensor& tensor) { return at::zeros_like(tensor); }
at::Tensor empty_like_values(const at::Tensor& tensor) { return at::empty_like(tensor); }

}  // namespace metriclab
