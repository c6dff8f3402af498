// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <metriclab/deep/tuple_loss.hpp>

namespace metriclab {

/// A step function of t, and its derivative, both of t's shape; an undefined derivative is 0.
struct Step {
  at::Tensor value, slope;
};
/// 1/(1 + e^(−t/τ))
Step sigmoid_step(const at::Tensor& t, double temperature);

/// How many others are nearer to an anchor than its k-th positive p, by step functions H of
/// d(i, p) − d(i, j): (B × K) each, K being the most positives that an anchor has.
struct Ranks {
  at::Tensor negatives;  // Σ of H over the anchor's negatives
  at::Tensor positives;  // Σ of H over the anchor's positives, H(0) for p itself among them
  at::Tensor there;      // 1, and 0 where the anchor has fewer positives
};
/// In tensor operations: O(P B) time for P positive pairs, O(B²) memory.
Ranks ranks_of(const at::Tensor& distances, const Batch& batch, const Tuples& tuples,
               const std::function<Step(const at::Tensor&)>& of_negatives,
               const std::function<Step(const at::Tensor&)>& of_positives);

/// What losses have in common that are made of smooth ranks. With
///
///     N(i, p) = Σ over i's negatives n of σ((d(i, p) − d(i, n)) / τ)
///     Q(i, p) = Σ over i's positives q ≠ p of σ((d(i, p) − d(i, q)) / τ),  σ(z) = 1/(1 + e^−z)
///
/// the term of an anchor is the mean over its positives p of f(N(i, p), Q(i, p)); an anchor without
/// positives has no term. Tuples given: positives and negatives are those listed; triplets count as
/// their different pairs. Cost: O(B² d + P B) time for P positive pairs, O(B²) memory.
class RankingLoss : public TupleLoss {
 public:
  ~RankingLoss() override;

  template <class T>
  static void describe_ranks(Description<T>& is) {
    is.parameter(
          "temperature", &RankingLoss::temperature,
          "τ: the smaller, the nearer the smooth ranks are to the ranks, and the fewer pairs "
          "have a gradient")
        .above(0);
    describe_common(is);
  }
  template <class T>
  static void describe_anchor(Description<T>& is) {
    is.parameter(
        "anchor_is_positive", &RankingLoss::anchor_is_positive,
        "over all tuples of a batch the anchor counts as one of its positives, if it has others");
  }

 protected:
  explicit RankingLoss(double default_temperature);

  struct Term {
    double value = 0;
    double by_negatives = 0, by_positives = 0;  // the derivatives by N and by Q
  };
  /// f, for an anchor of so many positives.
  virtual Term term(double negatives, double positives, double n_positives) const = 0;
  /// The same in tensor operations: N and Q (B × K), the number of positives (B × 1), which is at
  /// least 1.
  virtual at::Tensor terms(const at::Tensor& negatives, const at::Tensor& positives,
                           const at::Tensor& n_positives) const = 0;
  /// False where f doesn't look at Q, which is then 0.
  virtual bool ranks_positives() const { return true; }

  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) final;
  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) final;

  double temperature;
  bool anchor_is_positive = false;

 private:
  /// Whether the anchors' partners are the batch with the anchors themselves.
  bool is_with_itself(const Batch& batch, const Tuples& tuples) const;
};

}  // namespace metriclab
