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
  at::Tensor tuple_loss(const Batch& batch, const Tuples& tuples) override {
    const AnchorPairs pairs(batch, tuples);
    const Reduction reduction = reducer->reduction();
    return fused(distances(batch), [&]<class T>(const T* d, T* gradient) {
      const std::int64_t n = pairs.n_anchors(), m = pairs.n_others();
      TermSum positive(reduction, pairs.labels().data(), n),
          negative(reduction, pairs.labels().data(), n);
      std::vector<double> positive_factors, negative_factors;
      for (std::int64_t i = 0; i < n; ++i) {
        positive_factors.push_back(
            add(positive, i, pairs.positives(i), d + i * m, T(1), T(-positive_margin)));
        negative_factors.push_back(
            add(negative, i, pairs.negatives(i), d + i * m, T(-1), T(negative_margin)));
      }
      for (std::int64_t i = 0; i < n; ++i) {
        const auto at = static_cast<std::size_t>(i);
        differentiate(positive, pairs.positives(i), d + i * m, T(1), T(-positive_margin),
                      positive_factors[at] * positive.scale(), gradient + i * m);
        differentiate(negative, pairs.negatives(i), d + i * m, T(-1), T(negative_margin),
                      negative_factors[at] * negative.scale(), gradient + i * m);
      }
      return Reduced{positive.value() + negative.value()};
    });
  }

 private:
  /// f of an excess, which is sign · d + shift.
  template <class T>
  T term(T excess) const {
    return excess <= 0 ? T(0) : squared ? T(0.5) * excess * excess : excess;
  }

  template <class T>
  double add(TermSum& terms, std::int64_t anchor, std::span<const Index> others, const T* d, T sign,
             T shift) const {
    double sum = 0;
    std::int64_t kept = 0;
    for (Index j : others) {
      const T value = term(sign * d[j] + shift);
      if (!terms.keeps(value)) continue;
      ++kept;
      sum += value;
    }
    return terms.add(anchor, sum, static_cast<std::int64_t>(others.size()), kept);
  }

  template <class T>
  void differentiate(const TermSum& terms, std::span<const Index> others, const T* d, T sign,
                     T shift, double factor, T* gradient) const {
    const T step = sign * static_cast<T>(factor);
    for (Index j : others) {
      const T excess = sign * d[j] + shift;
      if (excess > 0 && terms.keeps(term(excess))) gradient[j] += squared ? step * excess : step;
    }
  }

  double positive_margin = 0;
  double negative_margin = 1;
  bool squared = false;
};

METRICLAB_PLUGIN(Contrastive, "contrastive");

}  // namespace
