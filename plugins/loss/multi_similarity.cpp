// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <metriclab/deep/log_sum.hpp>
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
  at::Tensor tuple_loss(const Batch& batch, const Tuples& tuples) override {
    const AnchorPairs pairs(batch, tuples);
    const Reduction reduction = reducer->reduction();
    const double middle = distance->as_distance(base);
    return fused(distances(batch), [&]<class T>(const T* d, T* gradient) {
      const std::int64_t n = pairs.n_anchors(), m = pairs.n_others();
      TermSum terms(reduction, pairs.labels().data(), n);
      LogSum<T> positive, negative;
      for (std::int64_t i = 0; i < n; ++i) {
        const auto positives = pairs.positives(i), negatives = pairs.negatives(i);
        // s − base is middle − d throughout.
        positive.set(positives, d + i * m, alpha, -alpha * middle, true);
        negative.set(negatives, d + i * m, -beta, beta * middle, true);
        const double term = positive.value() / alpha + negative.value() / beta;
        const bool kept = terms.keeps(term);
        const double factor = terms.add(i, kept ? term : 0, 1, kept ? 1 : 0);
        if (!kept || factor == 0) continue;
        positive.add_gradient(positives, factor, gradient + i * m);
        negative.add_gradient(negatives, -factor, gradient + i * m);
      }
      return Reduced{terms.value(), terms.scale()};
    });
  }

 private:
  double alpha = 2;
  double beta = 50;
  double base = 0.5;
};

METRICLAB_PLUGIN(MultiSimilarity, "multi_similarity");

}  // namespace
