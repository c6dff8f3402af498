// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// Koch's siamese network: the probability that two examples are of one class, from a weighted L1
/// distance that is trained.
///
///     p(x, y) = σ(b − Σ over the dimensions k of w_k |x_k − y_k|)
///     loss = mean over the positive and the negative pairs of −log p and of −log(1 − p)
///     (section 3.2)
///
/// Positive and negative pairs are each reduced by themselves and halved, so that few positives
/// weigh as much as many negatives; with `balanced` off all pairs are alike, as in the paper, whose
/// batches have as many of either kind. w = softplus of the trained "weights" (d), and so above 0;
/// b: the trained "bias" (1). What evaluators compare by is Σ w_k |x_k − y_k|: the embeddings times
/// w by the Manhattan distance. Shapes: embeddings (B × d), labels (B). Without pairs: 0, with zero
/// gradient. Triplets given count as their different pairs. Cost: O(B² d) time, O(B²) memory.
/// Differs from the paper: weights can't be below 0, so that what is learned is a distance;
/// embeddings are not the outputs of a sigmoid.
class SiameseBce final : public TupleLoss {
 public:
  SiameseBce() : TupleLoss("euclidean", false, "mean") {}
  static void describe(Description<SiameseBce>& is) {
    is.summary("the cross-entropy of same or different, from a trained weighted L1 distance");
    is.source(
        "Koch, Zemel, Salakhutdinov. Siamese neural networks for one-shot image recognition. ICML "
        "deep learning workshop 2015");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_translation");
    is.parameter("balanced", &SiameseBce::balanced,
                 "positive and negative pairs weigh the same, however many there are");
    describe_reduction(is);
  }

  void prepare(const LossSetting& setting) override {
    // w is 1 at first: softplus of log(e − 1).
    weights_ = parameter(
        "weights", at::full({setting.embedding_size}, std::log(std::exp(1.0) - 1), setting.type));
    bias_ = parameter("bias", at::zeros({1}, setting.type));
  }

  Distance learned_distance() const override { return Distance::manhattan; }
  at::Tensor learned_scale() const override { return scale().detach(); }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const PairCounts counts = pair_counts(batch, tuples);
    const at::Tensor z = different(batch).neg();
    auto softplus = [](const at::Tensor& t) {
      return t.clamp_min(0).add(t.abs().neg().exp().log1p());
    };
    const Reduction reduction = reducer->reduction();
    if (balanced)
      return reduced(softplus(z.neg()), counts.positive, batch.labels, reduction)
          .add(reduced(softplus(z), counts.negative, batch.labels, reduction))
          .mul(0.5);
    const at::Tensor terms =
        softplus(z.neg()).mul(counts.positive).add(softplus(z).mul(counts.negative));
    const at::Tensor count = counts.positive.add(counts.negative);
    return reduced(terms.div(count.clamp_min(1)), count, batch.labels, reduction);
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const PairPlaces places(batch, tuples);
    const Reduction reduction = reducer->reduction();
    TermSum near(reduction, places), far(reduction, places);  // not balanced: all are in `near`
    return fused_rows(
        different(batch), places,
        [&]<class T>(const PairRow<T>& row) {
          const KeptSum p = softplus_sum(row.positives, T(1), T(0), near.kept<T>(),
                                         row.positive_gradient),
                        q = softplus_sum(row.negatives, T(-1), T(0), near.kept<T>(),
                                         row.negative_gradient);
          const std::size_t n_p = row.positives.size(), n_q = row.negatives.size();
          double of_p, of_q;
          if (balanced) {
            of_p = near.add(row.anchor, p, n_p);
            of_q = far.add(row.anchor, q, n_q);
          } else {
            of_p = of_q = near.add(row.anchor, {p.sum + q.sum, p.n_kept + q.n_kept}, n_p + n_q);
          }
          multiply_by(row.positive_gradient, static_cast<T>(of_p));
          multiply_by(row.negative_gradient, static_cast<T>(-of_q));
        },
        [&] {
          if (!balanced) return ReducedPairs{near.value(), near.scale(), near.scale()};
          return ReducedPairs{(near.value() + far.value()) / 2, near.scale() / 2, far.scale() / 2};
        });
  }

 private:
  /// log (1 − p)/p, (B × R).
  at::Tensor different(const Batch& batch) const {
    METRICLAB_CHECK(weights_.defined(), "a loss that was not prepared");
    const at::Tensor w = scale().unsqueeze(0), x = batch.embeddings.mul(w);
    return manhattan_matrix(x, batch.has_reference() ? batch.reference.mul(w) : x).sub(bias_);
  }
  at::Tensor scale() const { return weights_.clamp_min(0).add(weights_.abs().neg().exp().log1p()); }

  bool balanced = true;
  at::Tensor weights_, bias_;
};

METRICLAB_PLUGIN(SiameseBce, "siamese_bce");

}  // namespace
