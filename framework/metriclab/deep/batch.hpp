// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

namespace metriclab {

/// A batch as losses and miners see it.
struct Batch {
  at::Tensor embeddings;                 // (B × d), float32 or float64
  at::Tensor labels;                     // (B) int64: the class
  std::vector<at::Tensor> columns = {};  // the data set's further label columns, each (B) int64
  at::Tensor reference = {};             // (R × d): the second side of tuples, if it is not the batch itself
  at::Tensor reference_labels = {};      // (R) int64

  bool has_reference() const { return reference.defined(); }
  const at::Tensor& others() const { return has_reference() ? reference : embeddings; }
  const at::Tensor& other_labels() const { return has_reference() ? reference_labels : labels; }
};

}  // namespace metriclab
