// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// Neighbourhood components analysis.
///
///     p_i = Σ over i's positives of e^{−σ d(i, p)} / Σ over its positives and negatives of
///           e^{−σ d(i, a)}                                                    (Eqs. 1 and 2)
///     loss = mean of −log p_i over the anchors with positives
///
/// σ: `softmax_scale`; d: by default the squared Euclidean distance of normalised embeddings. With
/// `objective` "expected" the terms are 1 − p_i, what a stochastic nearest neighbour gets wrong. An
/// anchor without positives has no term; one without negatives has the term 0. Shapes: embeddings
/// (B × d), labels (B). Without positive pairs: 0, with zero gradient. Tuples given: the partners
/// are those listed for the anchor; triplets count as their different pairs. Cost: O(B² d) time,
/// O(B²) memory.
/// Differs from the paper: its first objective, Eq. 3, is "expected"; the logarithm is its second
/// one, the one that is used where embeddings are learned. The map is a network, σ a parameter,
/// the embeddings are normalised, and the sums are means.
class Nca final : public TupleLoss {
 public:
  Nca() : TupleLoss("squared_euclidean", true, "mean") {}
  static void describe(Description<Nca>& is) {
    is.summary("a neighbour drawn by a softmax over distances is to be of the anchor's class");
    is.source(
        "Goldberger, Roweis, Hinton, Salakhutdinov. Neighbourhood components analysis. NIPS 2004");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("softmax_scale", &Nca::softmax_scale,
                 "by what distances are multiplied: the larger, the more the nearest count")
        .above(0);
    is.parameter("objective", &Nca::objective,
                 "−log of the probability of the class, or the expected share of errors")
        .one_of({"log", "expected"});
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const PairCounts counts = pair_counts(batch, tuples);
    const at::Tensor z = distances(batch).mul(-softmax_scale);
    // By how much the negatives together are above the positives.
    const at::Tensor x =
        log_sum_exp(z, counts.negative, false).sub(log_sum_exp(z, counts.positive, false));
    const at::Tensor terms =
        objective == "expected" ? x.sigmoid() : x.clamp_min(0).add(x.abs().neg().exp().log1p());
    return reduced(terms, counts.positive.sum(1).gt(0).to(z.scalar_type()), batch.labels,
                   reducer->reduction());
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const PairPlaces places(batch, tuples);
    const Reduction reduction = reducer->reduction();
    TermSum terms(reduction, places);
    return fused_rows(
        distances(batch), places,
        [&]<class T>(const PairRow<T>& row) {
          if (row.positives.empty()) return;
          const T slope = static_cast<T>(-softmax_scale);
          const double x = log_sum_exp(row.negatives, slope, T(0), false, row.negative_gradient) -
                           log_sum_exp(row.positives, slope, T(0), false, row.positive_gradient);
          const double e = std::exp(-std::abs(x)), wrong = (x > 0 ? 1 : e) / (1 + e);
          const bool is_expected = objective == "expected";
          const double term = is_expected ? wrong : std::max(x, 0.0) + std::log1p(e);
          const double by_x = is_expected ? e / ((1 + e) * (1 + e)) : wrong;
          const double factor = -softmax_scale * by_x * terms.add_one(row.anchor, term);
          multiply_by(row.positive_gradient, static_cast<T>(-factor));
          multiply_by(row.negative_gradient, static_cast<T>(factor));
        },
        [&] {
          return ReducedPairs{terms.value(), terms.scale(), terms.scale()};
        });
  }

 private:
  double softmax_scale = 1;
  std::string objective = "log";
};

METRICLAB_PLUGIN(Nca, "nca");

}  // namespace
