// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// Multi-similarity loss.
///
///     term of anchor i = (1/α) log(1 + Σ over its positives of exp(−α (s(i, p) − base)))
///                      + (1/β) log(1 + Σ over its negatives of exp( β (s(i, n) − base))) (Eq. 15)
///     loss = mean of the terms over the B anchors
///
/// s: the similarity, with the default distance the cosine. With a distance that is no similarity
/// ("euclidean"), s − base is base − d. An anchor without positives has no first part, and likewise
/// without negatives. Shapes: embeddings (B × d), labels (B). Without pairs: 0, with zero gradient.
/// Triplets given count as their different pairs. Cost: O(B² d) time, O(B²) memory. Differs from
/// the paper: nothing; its pair mining is the miner "multi_similarity", which is to be asked for.
class MultiSimilarity final : public TupleLoss {
 public:
  MultiSimilarity() : TupleLoss("cosine", true, "mean") {}
  static void describe(Description<MultiSimilarity>& is) {
    is.summary("weighs each pair by its similarity and by those of the anchor's other pairs");
    is.source(
        "Wang, Han, Huang, Dong, Scott. Multi-similarity loss with general pair weighting for deep "
        "metric learning. CVPR 2019");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("alpha", &MultiSimilarity::alpha, "how sharply positives are weighed").above(0);
    is.parameter("beta", &MultiSimilarity::beta, "how sharply negatives are weighed").above(0);
    is.parameter("base", &MultiSimilarity::base,
                 "λ of the paper: the similarity (or distance) that pairs are weighed against");
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const PairCounts counts = pair_counts(batch, tuples);
    // s − base is middle − d throughout.
    const at::Tensor excess = distances(batch).sub(distance->as_distance(base));
    return reduced(log_sum_exp(excess.mul(alpha), counts.positive, true)
                       .div(alpha)
                       .add(log_sum_exp(excess.mul(-beta), counts.negative, true).div(beta)),
                   batch.labels, reducer->reduction());
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const PairPlaces places(batch, tuples);
    const Reduction reduction = reducer->reduction();
    const double middle = distance->as_distance(base);
    TermSum terms(reduction, places);
    return fused_rows(
        distances(batch), places,
        [&]<class T>(const PairRow<T>& row) {
          const double term =
              log_sum_exp(row.positives, T(alpha), T(-alpha * middle), true,
                          row.positive_gradient) /
                  alpha +
              log_sum_exp(row.negatives, T(-beta), T(beta * middle), true, row.negative_gradient) /
                  beta;
          const double factor = terms.add_one(row.anchor, term);
          multiply_by(row.positive_gradient, static_cast<T>(factor));
          multiply_by(row.negative_gradient, static_cast<T>(-factor));
        },
        [&] {
          return ReducedPairs{terms.value(), terms.scale(), terms.scale()};
        });
  }

 private:
  double alpha = 2;
  double beta = 50;
  double base = 0.5;
};

METRICLAB_PLUGIN(MultiSimilarity, "multi_similarity");

}  // namespace
