// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <metriclab/deep/interaction_loss.hpp>
#include <metriclab/deep/triplet_terms.hpp>
#include <optional>

namespace {

using namespace metriclab;

/// Collaborative metric learning: what a user took to is nearer to him than all else, by a margin,
/// and the more of the rest is in between, the more a pair counts.
///
///     loss = R over the triplets (u, i, j) of w_ui [margin + d(u, i) − d(u, j)]₊           (Eq. 1)
///     w_ui = log(1 + ⌊J · M / U⌋)                                                    (section 3.2)
///
/// u: a user, i: an item he took to, j: another (see InteractionLoss); d: by default the squared
/// Euclidean distance; U: how many items j the pair (u, i) has in the batch, M: for how many of
/// them the hinge is above 0; J: `items`, by default U. The gradient takes w as constant. R: the
/// reducer, by default the mean. Shapes: embeddings (B × d), triplets (T × 3). Pairs given are
/// joined: every positive with every negative of the same user. Without triplets: 0, with zero
/// gradient. Cost: O(B² d + P B) time for P positive pairs, O(B²) memory. Differs from the paper:
/// embeddings are of length 1, not of at most that; its penalties on covariances and on features
/// are not here; the sum is a mean.
class CollaborativeMetric final : public InteractionLoss {
 public:
  CollaborativeMetric() : InteractionLoss("squared_euclidean", true, "mean") {}
  static void describe(Description<CollaborativeMetric>& is) {
    is.summary("a margin between what a user took to and the rest, weighed by how much is between");
    is.source("Hsieh, Yang, Cui, Lin, Belongie, Estrin. Collaborative metric learning. WWW 2017");
    is.source(
        "Weston, Bengio, Usunier. WSABIE: scaling up to large vocabulary image annotation. IJCAI "
        "2011 (the weights by rank)");
    is.cost("O(B² d + P B) time for P positive pairs, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("margin", &CollaborativeMetric::margin, "how much farther the rest must be")
        .at_least(0);
    is.parameter("items", &CollaborativeMetric::items,
                 "J: how many items there are, to which ranks in a batch are scaled; null: no "
                 "scaling")
        .at_least(1);
    describe_common(is);
  }

 protected:
  at::Tensor tensor_terms(const Batch& batch, const Tuples& tuples) override {
    const std::int64_t m = batch.others().size(0);
    const at::Tensor negative = pair_counts(batch, tuples).negative;
    return reduced_triplets(
        distances(batch), batch, tuples, reducer->reduction(),
        [&](const at::Tensor& d, const at::Tensor& anchors, const at::Tensor& positives,
            const at::Tensor& negatives) {
          const at::Tensor rows = d.index_select(0, anchors);
          const at::Tensor near = rows.gather(1, positives.unsqueeze(1)).add(margin);
          if (!negatives.defined()) {
            const at::Tensor terms = near.sub(rows).clamp_min(0);
            const at::Tensor others = negative.index_select(0, anchors);
            return terms.mul(
                weight(terms.detach().gt(0).mul(others).sum(1), others.sum(1)).unsqueeze(1));
          }
          const at::Tensor terms =
              near.sub(rows.gather(1, negatives.unsqueeze(1))).squeeze(1).clamp_min(0);
          // The triplets of one pair (u, i).
          const at::Tensor pairs = anchors.mul(m).add(positives);
          auto of_pair = [&](const at::Tensor& counts) {
            return at::Tensor(counts.new_zeros({d.size(0) * m}))
                .index_add_(0, pairs, counts)
                .index_select(0, pairs);
          };
          const at::Tensor held = terms.detach();
          return terms.mul(weight(of_pair(held.gt(0).to(held.scalar_type())),
                                  of_pair(held.new_ones(held.sizes()))));
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
          KeptSum all;
          for (std::size_t k = 0; k < row.positives.size(); ++k) add_pair(row, k, terms, all);
          const T factor = static_cast<T>(
              terms.add(row.anchor, all, row.positives.size() * row.negatives.size()));
          multiply_by(row.positive_gradient, factor);
          multiply_by(row.negative_gradient, factor);
        },
        [&] {
          return ReducedPairs{terms.value(), terms.scale(), terms.scale()};
        });
  }

 private:
  /// w from M and U, elementwise.
  at::Tensor weight(const at::Tensor& violating, const at::Tensor& all) const {
    if (!items) return violating.log1p();
    return violating.mul(static_cast<double>(*items)).div(all.clamp_min(1)).floor().log1p();
  }

  /// The terms of an anchor's k-th positive.
  template <class T>
  void add_pair(const PairRow<T>& row, std::size_t k, const TermSum& terms, KeptSum& all) const {
    constexpr T kInfinity = std::numeric_limits<T>::infinity();
    const T level = row.positives[k] + static_cast<T>(margin);
    const KeptSum violating = hinge_sum(row.negatives, T(-1), level, Kept<T>{0, kInfinity});
    const auto n = static_cast<std::int64_t>(row.negatives.size());
    const std::int64_t rank = items && n > 0 ? *items * violating.n_kept / n : violating.n_kept;
    const double w = std::log1p(static_cast<double>(rank));
    if (w == 0) {
      all.n_kept += terms.keeps(0) ? n : 0;
      return;
    }
    const Kept<T> kept{static_cast<T>(terms.low() / w), static_cast<T>(terms.high() / w)};
    const KeptSum is = hinge_sum(row.negatives, T(-1), level, kept);
    all.sum += w * is.sum;
    all.n_kept += is.n_kept;
    const auto n_active = add_hinge_gradient(row.negatives, T(-1), level, kept, static_cast<T>(w),
                                             row.negative_gradient);
    row.positive_gradient[k] = static_cast<T>(w * static_cast<double>(n_active));
  }

  double margin = 1;
  std::optional<std::int64_t> items;
};

METRICLAB_PLUGIN(CollaborativeMetric, "collaborative_metric");

}  // namespace
