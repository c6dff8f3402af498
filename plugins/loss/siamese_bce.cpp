// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/cdist.h>
#include <ATen/ops/full.h>
#include <ATen/ops/softplus.h>

#include <cmath>
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// The Siamese network's cross-entropy: a weighted city-block distance tells whether two examples
/// are of one class.
///
///     p(i, j) = 1 / (1 + e^{d(i, j) − bias}),    d(i, j) = Σ_k w_k |x_ik − x_jk|,
///     w = log(1 + e^weights)
///     loss = ½ R over the positive pairs of −log p + ½ R over the negative pairs of −log(1 − p)
///
/// R: the reducer, by default the mean. Pairs are ordered. Shapes: embeddings (B × d), labels (B);
/// trained: weights (d), at first such that every w is 1/d, and bias (1), at first 1. Evaluators
/// compare the embeddings times w by city-block distance. Without pairs: 0, with zero gradient.
/// Triplets given count as their different pairs. Cost: O(B² d) time, O(B²) memory.
/// Differs from the paper: w is not negative there by nothing but training; the halves of the loss
/// stand for its batches of as many equal as different pairs; x is not passed through a sigmoid.
class SiameseBce final : public TupleLoss {
 public:
  SiameseBce() : TupleLoss("euclidean", false, "mean") {}
  static void describe(Description<SiameseBce>& is) {
    is.summary("a trained city-block distance tells by a logistic function who is of one class");
    is.source(
        "Koch, Zemel, Salakhutdinov. Siamese neural networks for one-shot image recognition. ICML "
        "deep learning workshop 2015");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_translation");
    describe_reduction(is);
  }

  void prepare(const LossSetting& setting) override {
    const std::int64_t d = setting.embedding_size;
    // log(1 + e^v) = 1/d.
    const double v = std::log(std::expm1(1 / static_cast<double>(d)));
    weights_ = parameter("weights", at::full({d}, v, setting.type));
    bias_ = parameter("bias", at::full({1}, 1, setting.type));
  }

  Distance learned_distance() const override { return Distance::manhattan; }
  at::Tensor learned_scale() const override {
    METRICLAB_CHECK(weights_.defined(), "a loss that was not prepared");
    return at::softplus(weights_.detach());
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const PairCounts counts = pair_counts(batch, tuples);
    const at::Tensor z = beyond(batch);
    auto part = [&](const at::Tensor& x, const at::Tensor& count) {
      // log(1 + e^x) without overflow, and without softplus's shortcut for large x.
      return reduced(x.clamp_min(0).add(x.abs().neg().exp().log1p()), count, batch.labels,
                     reducer->reduction());
    };
    return part(z, counts.positive).add(part(z.neg(), counts.negative)).mul(0.5);
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const PairPlaces places(batch, tuples);
    const Reduction reduction = reducer->reduction();
    TermSum positive(reduction, places), negative(reduction, places);
    auto add = []<class T>(TermSum& terms, std::int64_t anchor, std::span<const T> z, T slope,
                           std::span<T> gradient) {
      const KeptSum is = softplus_sum(z, slope, T(0), terms.kept<T>(), gradient);
      multiply_by(gradient, slope * static_cast<T>(terms.add(anchor, is, z.size())));
    };
    return fused_rows(
        beyond(batch), places,
        [&]<class T>(const PairRow<T>& row) {
          add(positive, row.anchor, row.positives, T(1), row.positive_gradient);
          add(negative, row.anchor, row.negatives, T(-1), row.negative_gradient);
        },
        [&] {
          return ReducedPairs{(positive.value() + negative.value()) / 2, positive.scale() / 2,
                              negative.scale() / 2};
        });
  }

 private:
  /// d − bias, (B × R).
  at::Tensor beyond(const Batch& batch) const {
    METRICLAB_CHECK(weights_.defined(), "a loss that was not prepared");
    const at::Tensor w = at::softplus(weights_);
    const at::Tensor x = batch.embeddings.mul(w);
    return at::cdist(x, batch.has_reference() ? batch.reference.mul(w) : x, 1).sub(bias_);
  }

  at::Tensor weights_, bias_;
};

METRICLAB_PLUGIN(SiameseBce, "siamese_bce");

}  // namespace
