// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// Decoupled contrastive loss: NT-Xent without the positive in its denominator.
///
///     term of a positive pair (i, p) = −w(i, p) s(i, p)/τ + log N_i
///     N_i = Σ over the negatives n of i of e^{s(i, n)/τ}
///     loss = mean of the terms over the positive pairs
///
/// s: the similarity (offset − distance), by default the cosine; w = 1, or with `weighted`
/// w(i, p) = 2 − e^{s(i, p)/σ} / (the mean of that over the positive pairs). An anchor without
/// negatives has no terms. Terms may be below 0. Shapes: embeddings (B × d), labels (B). Without
/// positive pairs of anchors with negatives: 0, with zero gradient. Triplets given count as their
/// different pairs. Cost: O(B² d) time, O(B²) memory.
/// Differs from the paper: there a class is an image with two views, so that an anchor has one
/// positive; with two examples of each class this is its loss, averaged over the pairs.
class DecoupledContrastive final : public TupleLoss {
 public:
  DecoupledContrastive() : TupleLoss("cosine", true, "mean") {}
  static void describe(Description<DecoupledContrastive>& is) {
    is.summary("positives attract by themselves, and a softmax weighs the negatives alone");
    is.source("Yeh, Hong, Hsu, Liu, Chen, LeCun. Decoupled contrastive learning. ECCV 2022");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("temperature", &DecoupledContrastive::temperature,
                 "τ: the smaller, the more the nearest negatives count")
        .above(0);
    is.parameter("weighted", &DecoupledContrastive::weighted,
                 "positives weigh the more the less similar they are (DCLW)");
    is.parameter("sigma", &DecoupledContrastive::sigma,
                 "σ: the smaller, the more the weights differ")
        .above(0)
        .unused_when("weighted", false);
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const PairCounts counts = pair_counts(batch, tuples);
    const at::Tensor z = distances(batch).neg().div(temperature),
                     all = log_sum_exp(z, counts.negative, false).unsqueeze(1);
    const at::Tensor paired = counts.positive.mul(counts.negative.sum(1, true).gt(0));
    at::Tensor terms = all.sub(z);
    if (weighted) {
      // s/τ = z + offset/τ, of which the sum over the negatives has its part.
      const double offset = distance->similarity_offset() / temperature;
      const at::Tensor e = z.mul(temperature / sigma).exp();
      const at::Tensor mean = e.mul(paired).sum().div(paired.sum().clamp_min(1));
      const at::Tensor weights = e.div(mean.add(paired.sum().eq(0))).neg().add(2);
      terms = all.add(offset).sub(weights.mul(z.add(offset)));
    }
    return reduced(terms, paired, batch.labels, reducer->reduction());
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    if (weighted) return tensor_loss(batch, tuples);
    const PairPlaces places(batch, tuples);
    const Reduction reduction = reducer->reduction();
    TermSum terms(reduction, places);
    return fused_rows(
        distances(batch), places,
        [&]<class T>(const PairRow<T>& row) {
          if (row.positives.empty() || row.negatives.empty()) return;
          const double all = log_sum_exp(row.negatives, static_cast<T>(-1 / temperature), T(0),
                                         false, row.negative_gradient);
          KeptSum is;
          for (std::size_t k = 0; k < row.positives.size(); ++k) {
            const double term = row.positives[k] / temperature + all;
            if (!terms.keeps(term)) continue;
            is.sum += term;
            ++is.n_kept;
            row.positive_gradient[k] = 1;
          }
          const double factor = terms.add(row.anchor, is, row.positives.size()) / temperature;
          multiply_by(row.positive_gradient, static_cast<T>(factor));
          multiply_by(row.negative_gradient,
                      static_cast<T>(-factor * static_cast<double>(is.n_kept)));
        },
        [&] {
          return ReducedPairs{terms.value(), terms.scale(), terms.scale()};
        });
  }

 private:
  double temperature = 0.1;
  bool weighted = false;
  double sigma = 0.5;
};

METRICLAB_PLUGIN(DecoupledContrastive, "decoupled_contrastive");

}  // namespace
