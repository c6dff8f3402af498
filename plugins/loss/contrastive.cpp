// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// Contrastive loss.
///
///     loss = R over P of f(d(a, p) − positive_margin) + R over N of f(negative_margin − d(a, n))
///
/// f(t) = [t]₊, or ½ [t]₊² with `squared`; P and N: the positive and negative pairs, each reduced
/// by itself with the reducer R (by default the mean over its terms above 0); d: the loss's
/// distance. Pairs are ordered: (i, j) and (j, i) both count. Shapes: embeddings (B × d), labels
/// (B). Without pairs: 0, with zero gradient. Triplets given count as their different pairs. Cost:
/// O(B² d) time, O(B²) memory. Differs from the paper: Eq. 4 there is squared and has no positive
/// margin (`squared` gives it), its embeddings are not normalised, and it sums over the pairs.
class Contrastive final : public TupleLoss {
 public:
  Contrastive() : TupleLoss("euclidean", true, "avg_non_zero") {}
  static void describe(Description<Contrastive>& is) {
    is.summary("pulls positive pairs together, pushes negative pairs apart to a margin");
    is.source(
        "Hadsell, Chopra, LeCun. Dimensionality reduction by learning an invariant mapping. CVPR "
        "2006");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("positive_margin", &Contrastive::positive_margin,
                 "positives nearer than this cost nothing");
    is.parameter("negative_margin", &Contrastive::negative_margin,
                 "negatives farther than this cost nothing");
    is.parameter("squared", &Contrastive::squared,
                 "each term is half the square of the hinge, as in the paper");
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const PairCounts counts = pair_counts(batch, tuples);
    const at::Tensor d = distances(batch);
    auto part = [&](const at::Tensor& excess, const at::Tensor& count) {
      const at::Tensor hinge = excess.clamp_min(0);
      return reduced(squared ? hinge.square().mul(0.5) : hinge, count, batch.labels,
                     reducer->reduction());
    };
    return part(d.sub(positive_margin), counts.positive)
        .add(part(d.neg().add(negative_margin), counts.negative));
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const PairPlaces places(batch, tuples);
    const Reduction reduction = reducer->reduction();
    TermSum positive(reduction, places), negative(reduction, places);
    return fused_rows(
        distances(batch), places,
        [&]<class T>(const PairRow<T>& row) {
          add(positive, row.anchor, row.positives, T(1), T(-positive_margin),
              row.positive_gradient);
          add(negative, row.anchor, row.negatives, T(-1), T(negative_margin),
              row.negative_gradient);
        },
        [&] {
          return ReducedPairs{positive.value() + negative.value(), positive.scale(),
                              negative.scale()};
        });
  }

 private:
  /// The terms f(slope · d + shift) of one anchor.
  template <class T>
  void add(TermSum& terms, std::int64_t anchor, std::span<const T> d, T slope, T shift,
           std::span<T> gradient) const {
    const Kept<T> kept = terms.kept<T>();
    const KeptSum is =
        squared ? squared_hinge_sum(d, slope, shift, kept) : hinge_sum(d, slope, shift, kept);
    const T factor = static_cast<T>(terms.add(anchor, is, d.size()));
    if (factor == 0) return;
    if (squared)
      add_squared_hinge_gradient(d, slope, shift, kept, factor, gradient);
    else
      add_hinge_gradient(d, slope, shift, kept, factor, gradient);
  }

  double positive_margin = 0;
  double negative_margin = 1;
  bool squared = false;
};

METRICLAB_PLUGIN(Contrastive, "contrastive");

}  // namespace
