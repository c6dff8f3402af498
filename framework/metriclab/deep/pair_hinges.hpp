// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/deep/tuple_loss.hpp>

namespace metriclab {

/// Losses that are hinges on single pairs:
///
///     loss = w⁺ · R over P of f(d(a, p) − m⁺) + w⁻ · R over N of f(m⁻ − d(a, n)),
///     f(t) = [t]₊, or ½ [t]₊²
///
/// P and N: the positive and negative pairs, each reduced by itself with the reducer R. Pairs are
/// ordered: (i, j) and (j, i) both count.
class PairHingeLoss : public TupleLoss {
 public:
  ~PairHingeLoss() override;

 protected:
  using TupleLoss::TupleLoss;

  struct Hinges {
    double positive_margin = 0, negative_margin = 1;  // distances
    bool squared = false;
    double positive_weight = 1, negative_weight = 1;
  };
  virtual Hinges hinges() const = 0;

  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override;
  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override;
};

}  // namespace metriclab
