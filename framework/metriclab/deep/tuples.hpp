// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

namespace metriclab {

/// Which tuples of a batch a loss is to look at: int64 indices into the batch (the second of a
/// pair, and the positives and negatives of a triplet, into the reference set where there is one).
struct Tuples {
  enum class Form {
    all,  // nothing was mined: every tuple that the labels allow, never listed
    pairs,
    triplets,
  };
  Form form = Form::all;
  at::Tensor positive_anchor, positive;  // pairs: (P)
  at::Tensor negative_anchor, negative;  // pairs: (N)
  at::Tensor anchor;                     // triplets: (T), with `positive` and `negative` also (T)
  /// (R × d) and (R) int64: where a miner found the other sides elsewhere, they stand in the place
  /// of the batch's reference set; undefined: they are those of the batch.
  at::Tensor reference = {}, reference_labels = {};

  static Tuples all() { return {}; }
  static Tuples pairs(at::Tensor positive_anchor, at::Tensor positive, at::Tensor negative_anchor,
                      at::Tensor negative);
  static Tuples triplets(at::Tensor anchor, at::Tensor positive, at::Tensor negative);
};

}  // namespace metriclab
