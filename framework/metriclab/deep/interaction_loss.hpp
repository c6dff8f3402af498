// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/deep/tuple_loss.hpp>
#include <optional>
#include <string>

namespace metriclab {

/// What losses of recommendation have in common: the anchors are users, and an item that a user
/// took to is to be before those that he didn't.
///
/// Tuples given say who took to what: (user, item) pairs, or (user, item, other item) triplets.
/// Otherwise with `item_column`, a label column that is 0 for users and something else for items,
/// a user's positives are the items of his class, his negatives all others, and users are not
/// compared with each other. With neither, each example is both.
class InteractionLoss : public TupleLoss {
 public:
  ~InteractionLoss() override;

  template <class T>
  static void describe_common(Description<T>& is) {
    is.parameter("item_column", &InteractionLoss::item_column,
                 "a label column that is 0 for users and above 0 for items; null: each example is "
                 "both, or tuples are given");
    TupleLoss::describe_common(is);
  }

  void prepare(const LossSetting& setting) override;

 protected:
  using TupleLoss::TupleLoss;

  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) final {
    return tensor_terms(sides(batch, tuples), tuples);
  }
  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) final {
    return fused_terms(sides(batch, tuples), tuples);
  }
  /// The loss of users as the batch and items as its second side.
  virtual at::Tensor tensor_terms(const Batch& batch, const Tuples& tuples) = 0;
  virtual at::Tensor fused_terms(const Batch& batch, const Tuples& tuples) = 0;

 private:
  Batch sides(const Batch& batch, const Tuples& tuples) const;

  std::optional<std::string> item_column;
  std::size_t column_ = 0;
};

}  // namespace metriclab
