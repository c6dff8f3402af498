// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/soft_histogram.hpp>
#include <metriclab/deep/tuple_loss.hpp>
#include <optional>
#include <vector>

namespace {

using namespace metriclab;

/// FastAP: one minus an average precision of binned distances.
///
///     term of anchor i = 1 − (1/|P|) Σ over nodes k of H⁺_k h⁺_k / H_k
///     loss = mean of the terms over the anchors with positives
///
/// h⁺_k: how many of i's positives P are at the distance of node k, each counting at its two
/// neighbouring nodes (SoftHistogram); H⁺_k and H_k: how many positives, and how many of positives
/// and negatives, are at node k or nearer; 0/0 is 0. The nodes go from the least to the greatest
/// distance that vectors of length 1 can have, [0, 4] for the default, the squared Euclidean; other
/// distances than "euclidean", "squared_euclidean", "cosine" and "dot" of normalised embeddings
/// need `highest`. Shapes: embeddings (B × d), labels (B). Without positive pairs: 0, with zero
/// gradient. Tuples given: positives and negatives are those listed; triplets count as their
/// different pairs. Cost: O(B² d) time, O(B²) memory.
/// Differs from the paper: nothing.
class FastAp final : public TupleLoss {
 public:
  FastAp() : TupleLoss("squared_euclidean", true, "mean") {}
  static void describe(Description<FastAp>& is) {
    is.summary("average precision of a ranking by distances that are put into bins");
    is.source("Cakir, He, Xia, Kulis, Sclaroff. Deep metric learning to rank. CVPR 2019");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("num_bins", &FastAp::num_bins, "how many bins the distances are put into")
        .at_least(1);
    is.parameter("highest", &FastAp::highest,
                 "where the histogram ends, which begins at 0; null: the distances that vectors of "
                 "length 1 can have")
        .above(0);
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const PairCounts counts = pair_counts(batch, tuples);
    const SoftHistogram histogram = bins();
    const at::Tensor d = distances(batch), near = histogram.counts(d, counts.positive),
                     up_to = near.cumsum(1),
                     all = up_to.add(histogram.counts(d, counts.negative).cumsum(1));
    // Where nothing is up to a node, nothing is at it.
    const at::Tensor precision = up_to.div(all.add(all.detach().le(0)));
    const at::Tensor n = counts.positive.sum(1);
    const at::Tensor terms = near.mul(precision).sum(1).div(n.clamp_min(1)).neg().add(1);
    return reduced(terms, n.gt(0).to(terms.scalar_type()), batch.labels, reducer->reduction());
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const PairPlaces places(batch, tuples);
    const Reduction reduction = reducer->reduction();
    TermSum terms(reduction, places);
    const SoftHistogram histogram = bins();
    const auto n_nodes = static_cast<std::size_t>(histogram.n_nodes());
    Counts of{std::vector<double>(n_nodes), std::vector<double>(n_nodes)};
    return fused_rows(
        distances(batch), places,
        [&]<class T>(const PairRow<T>& row) {
          if (row.positives.empty()) return;
          const auto n = static_cast<double>(row.positives.size());
          of.near.assign(n_nodes, 0);
          of.far.assign(n_nodes, 0);
          histogram.add(row.positives, of.near);
          histogram.add(row.negatives, of.far);
          const double factor = terms.add_one(row.anchor, 1 - of.precisions() / n);
          of.to_slopes(-factor / n);
          histogram.add_gradient<T>(row.positives, of.near, row.positive_gradient);
          histogram.add_gradient<T>(row.negatives, of.far, row.negative_gradient);
        },
        [&] {
          return ReducedPairs{terms.value(), terms.scale(), terms.scale()};
        });
  }

 private:
  SoftHistogram bins() const {
    return SoftHistogram::of_distances(
        *distance, normalize_embeddings || distance->ignores_length(), highest, num_bins);
  }

  /// What an anchor has at each node: positives, negatives; up to it: positives, both.
  struct Counts {
    std::vector<double> near, far, up_to = {}, all = {};

    /// Σ H⁺_k h⁺_k / H_k
    double precisions() {
      up_to.resize(near.size());
      all.resize(near.size());
      double n_near = 0, n_far = 0, sum = 0;
      for (std::size_t k = 0; k < near.size(); ++k) {
        up_to[k] = n_near += near[k];
        all[k] = n_near + (n_far += far[k]);
        if (all[k] > 0) sum += near[k] * up_to[k] / all[k];
      }
      return sum;
    }
    /// `near` and `far` become the derivatives of that sum by them, times factor.
    void to_slopes(double factor) {
      double by_up_to = 0, by_all = 0;  // over the nodes from k on
      for (std::size_t k = near.size(); k-- > 0;) {
        const double precision = all[k] > 0 ? up_to[k] / all[k] : 0;
        if (all[k] > 0) {
          by_up_to += near[k] / all[k];
          by_all -= near[k] * precision / all[k];
        }
        near[k] = factor * (precision + by_up_to + by_all);
        far[k] = factor * by_all;
      }
    }
  };

  std::int64_t num_bins = 10;
  std::optional<double> highest;
};

METRICLAB_PLUGIN(FastAp, "fast_ap");

}  // namespace
