// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace metriclab {

/// A batch as losses and miners see it. Embeddings and the reference set stand on the training's
/// device; all that is known of the examples beforehand stands in the CPU's memory, so that to look
/// at it no device has to be waited for.
struct Batch {
  at::Tensor embeddings;                 // (B × d), float32 or float64
  at::Tensor labels;                     // (B) int64: the class
  std::vector<at::Tensor> columns = {};  // the data set's further label columns, each (B) int64
  at::Tensor reference = {};         // (R × d): the second side of tuples, if not the batch itself
  at::Tensor reference_labels = {};  // (R) int64
  /// (B) int64: the row of the reference set that is the anchor itself, which no tuple of all may
  /// pair it with; −1: there is none. Undefined: there is none for any.
  at::Tensor own = {};
  /// (B) int64: which training example a row is; rows of one example are views of it. Undefined:
  /// each row is an example of its own.
  at::Tensor examples = {};
  at::Tensor targets = {};     // (B) float64: a real target; undefined: the data set has none
  at::Tensor label_sets = {};  // (B × C) float64 of 0 and 1: the set of classes; undefined: none

  bool has_reference() const { return reference.defined(); }
  const at::Tensor& others() const { return has_reference() ? reference : embeddings; }
  const at::Tensor& other_labels() const { return has_reference() ? reference_labels : labels; }
};

/// The rows of a batch in another order or a part of them; the reference set stays.
Batch rows_of(const Batch& batch, const at::Tensor& rows);

}  // namespace metriclab
