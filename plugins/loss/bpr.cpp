// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/interaction_loss.hpp>
#include <metriclab/deep/triplet_terms.hpp>

namespace {

using namespace metriclab;

/// Bayesian personalised ranking: an item that a user took to is to be before those that he didn't.
///
///     loss = R over the triplets (u, i, j) of −log σ(s(u, i) − s(u, j)),    σ(t) = 1/(1 + e^{−t})
///                                                                                    (section 4.1)
///
/// u: a user, i: an item he took to, j: another (see InteractionLoss); s: the similarity, by
/// default the inner product; R: the reducer, by default the mean. Shapes: embeddings (B × d),
/// triplets (T × 3). Pairs given are joined: every positive with every negative of the same user.
/// Without triplets: 0, with zero gradient. Cost: O(B² d + P B) time for P positive pairs, O(B²)
/// memory. Differs from the paper: the sum is a mean, and its penalty on the parameters is the
/// optimiser's weight decay or a regularizer.
class Bpr final : public InteractionLoss {
 public:
  Bpr() : InteractionLoss("dot", false, "mean") {}
  static void describe(Description<Bpr>& is) {
    is.summary("what a user took to is to be more similar to him than what he didn't");
    is.source(
        "Rendle, Freudenthaler, Gantner, Schmidt-Thieme. BPR: Bayesian personalized ranking from "
        "implicit feedback. UAI 2009");
    is.cost("O(B² d + P B) time for P positive pairs, O(B²) memory");
    is.property("invariant_to_rotation");
    describe_common(is);
  }

 protected:
  at::Tensor tensor_terms(const Batch& batch, const Tuples& tuples) override {
    return reduced_triplets(distances(batch), batch, tuples, reducer->reduction(),
                            [](const at::Tensor& d, const at::Tensor& anchors,
                               const at::Tensor& positives, const at::Tensor& negatives) {
                              const at::Tensor rows = d.index_select(0, anchors);
                              const at::Tensor near = rows.gather(1, positives.unsqueeze(1));
                              const at::Tensor t =
                                  negatives.defined()
                                      ? near.sub(rows.gather(1, negatives.unsqueeze(1))).squeeze(1)
                                      : near.sub(rows);
                              return t.clamp_min(0).add(t.abs().neg().exp().log1p());
                            });
  }

  at::Tensor fused_terms(const Batch& batch, const Tuples& tuples) override {
    if (tuples.form == Tuples::Form::triplets) return tensor_terms(batch, tuples);
    const PairPlaces places(batch, tuples);
    const Reduction reduction = reducer->reduction();
    TermSum terms(reduction, places);
    return fused_rows(
        distances(batch), places,
        [&]<class T>(const PairRow<T>& row) {
          std::vector<T> slopes(row.negatives.size());
          KeptSum all;
          for (std::size_t k = 0; k < row.positives.size(); ++k) {
            const KeptSum is =
                softplus_sum<T>(row.negatives, T(-1), row.positives[k], terms.kept<T>(), slopes);
            all.sum += is.sum;
            all.n_kept += is.n_kept;
            row.positive_gradient[k] = static_cast<T>(sum_of<T>(slopes));
            add_scaled<T>(slopes, T(-1), row.negative_gradient);
          }
          const T factor = static_cast<T>(
              terms.add(row.anchor, all, row.positives.size() * row.negatives.size()));
          multiply_by(row.positive_gradient, factor);
          multiply_by(row.negative_gradient, factor);
        },
        [&] {
          return ReducedPairs{terms.value(), terms.scale(), terms.scale()};
        });
  }
};

METRICLAB_PLUGIN(Bpr, "bpr");

}  // namespace
