// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// NT-Xent, the normalised temperature-scaled cross entropy, with labels.
///
///     term of a positive pair (i, p) = −log( e^{s(i, p)/τ} / (e^{s(i, p)/τ} + N_i) )
///     N_i = Σ over the negatives n of i of e^{s(i, n)/τ}
///     loss = mean of the terms over the positive pairs
///
/// s: the similarity (offset − distance), by default the cosine. An anchor's other positives are
/// not in the sum. An anchor without negatives has terms 0. Shapes: embeddings (B × d), labels (B).
/// Without positive pairs: 0, with zero gradient. Triplets given count as their different pairs.
/// Cost: O(B² d) time, O(B²) memory.
/// Differs from the paper: there each class is an image with two views, so that an anchor has one
/// positive; with two examples of each class this is Eq. 1, averaged over the 2N pairs.
class NtXent final : public TupleLoss {
 public:
  NtXent() : TupleLoss("cosine", true, "mean") {}
  static void describe(Description<NtXent>& is) {
    is.summary(
        "each positive pair is to be found among the anchor's negatives: a softmax over "
        "similarities");
    is.source(
        "Chen, Kornblith, Norouzi, Hinton. A simple framework for contrastive learning of visual "
        "representations. ICML 2020");
    is.source(
        "Sohn. Improved deep metric learning with multi-class N-pair loss objective. NIPS 2016 "
        "(the form with labels)");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("temperature", &NtXent::temperature,
                 "τ: the smaller, the more the nearest negatives count")
        .above(0);
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const PairCounts counts = pair_counts(batch, tuples);
    const at::Tensor z = distances(batch).div(temperature);
    // log(1 + e^x), x being how far the negatives together are above the positive.
    const at::Tensor x = log_sum_exp(z.neg(), counts.negative, false).unsqueeze(1).add(z);
    return reduced(x.clamp_min(0).add(x.abs().neg().exp().log1p()), counts.positive, batch.labels,
                   reducer->reduction());
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const PairPlaces places(batch, tuples);
    const Reduction reduction = reducer->reduction();
    TermSum terms(reduction, places);
    return fused_rows(
        distances(batch), places,
        [&]<class T>(const PairRow<T>& row) {
          if (row.positives.empty() || row.negatives.empty()) {
            const auto n = static_cast<std::int64_t>(row.positives.size());
            terms.add(row.anchor, 0, n, terms.keeps(0) ? n : 0);
            return;
          }
          const T slope = static_cast<T>(1 / temperature);
          const double all = log_sum_exp(row.negatives, -slope, T(0), false, row.negative_gradient);
          // The slope of a term is the share of the softmax that the positive misses.
          const KeptSum is = softplus_sum(row.positives, slope, static_cast<T>(all),
                                          terms.kept<T>(), row.positive_gradient);
          const double factor = terms.add(row.anchor, is, row.positives.size()) / temperature;
          const double misses = sum_of<T>(row.positive_gradient);
          multiply_by(row.positive_gradient, static_cast<T>(factor));
          multiply_by(row.negative_gradient, static_cast<T>(-factor * misses));
        },
        [&] {
          return ReducedPairs{terms.value(), terms.scale(), terms.scale()};
        });
  }

 private:
  double temperature = 0.07;
};

METRICLAB_PLUGIN(NtXent, "ntxent");

}  // namespace
