// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>

#include <cmath>
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// Pairwise sigmoid loss.
///
///     loss = (1/B) Σ over positive pairs of log(1 + e^{−(t s + b)})
///          + (1/B) Σ over negative pairs of log(1 + e^{t s + b}),    t = e^{t'}      (Algorithm 1)
///
/// B: the number of anchors, by which the default reducer divides; s: the similarity (offset −
/// distance), by default the cosine. Each pair is a question of its own: no term needs the rest of
/// the batch. Shapes: embeddings (B × d), labels (B); trained: log_scale t' and bias b, (1) each.
/// Without pairs: 0, with zero gradient. Triplets given count as their different pairs. Cost:
/// O(B² d) time, O(B²) memory.
/// Differs from the paper: its pairs are an image and a text each, and here two rows of the batch;
/// those of one class are positive.
class SigLip final : public TupleLoss {
 public:
  SigLip() : TupleLoss("cosine", true, "divisor") {}
  static void describe(Description<SigLip>& is) {
    is.summary(
        "each pair by itself is to be told positive or negative, with trained scale and bias");
    is.source(
        "Zhai, Mustafa, Kolesnikov, Beyer. Sigmoid loss for language image pre-training. ICCV "
        "2023");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("initial_scale", &SigLip::initial_scale, "t at the beginning: 1 / temperature")
        .above(0);
    is.parameter("initial_bias", &SigLip::initial_bias,
                 "b at the beginning; below 0, since most pairs are negative");
    describe_common(is);
  }

  void prepare(const LossSetting& setting) override {
    log_scale_ = parameter("log_scale", at::full({1}, std::log(initial_scale), setting.type));
    bias_ = parameter("bias", at::full({1}, initial_bias, setting.type));
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const PairCounts counts = pair_counts(batch, tuples);
    const at::Tensor z = logits(batch);
    const at::Tensor signed_logits = at::cat({z.neg(), z}, 1);
    return reduced(signed_logits.clamp_min(0).add(signed_logits.abs().neg().exp().log1p()),
                   at::cat({counts.positive, counts.negative}, 1), batch.labels,
                   reducer->reduction(),
                   z.detach().new_full({}, static_cast<double>(batch.embeddings.size(0))));
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const PairPlaces places(batch, tuples);
    const Reduction reduction = reducer->reduction();
    TermSum terms(reduction, places);
    terms.state_divisor(static_cast<double>(batch.embeddings.size(0)));
    return fused_rows(
        logits(batch), places,
        [&]<class T>(const PairRow<T>& row) {
          const KeptSum near = softplus_sum(row.positives, T(-1), T(0), terms.kept<T>(),
                                            row.positive_gradient),
                        far = softplus_sum(row.negatives, T(1), T(0), terms.kept<T>(),
                                           row.negative_gradient);
          const T factor =
              static_cast<T>(terms.add(row.anchor, {near.sum + far.sum, near.n_kept + far.n_kept},
                                       row.positives.size() + row.negatives.size()));
          multiply_by(row.positive_gradient, -factor);
          multiply_by(row.negative_gradient, factor);
        },
        [&] {
          return ReducedPairs{terms.value(), terms.scale(), terms.scale()};
        });
  }

 private:
  /// t s + b, (B × R)
  at::Tensor logits(const Batch& batch) const {
    METRICLAB_CHECK(bias_.defined(), "a loss that was not prepared");
    return distances(batch)
        .neg()
        .add(distance->similarity_offset())
        .mul(log_scale_.exp())
        .add(bias_);
  }

  double initial_scale = 10;
  double initial_bias = -10;
  at::Tensor log_scale_, bias_;
};

METRICLAB_PLUGIN(SigLip, "siglip");

}  // namespace
