// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/deep/distance_weighting.hpp>
#include <metriclab/deep/tuple_miner.hpp>
#include <numeric>

namespace {

using namespace metriclab;

/// Distance-weighted sampling: for each positive pair (a, p) one negative, drawn so that all
/// distances from the anchor are about equally frequent,
///
///     P(n | a) ∝ 1 / q(d(a, n)),    log q(d) = (m − 2) log d + (m − 3)/2 · log(1 − d²/4)
///
/// q being how many points of the unit sphere in m dimensions are as far (section 4), d the
/// Euclidean distance of embeddings brought to length 1. Distances below `cutoff` count as that, so
/// that none is drawn much more often than the others; negatives from `nonzero_loss_cutoff` on,
/// which the loss would find far enough, are never drawn. An anchor without negatives below it has
/// no triplets. Negatives are drawn independently, with replacement. Gives triplets. Cost: O(B² d)
/// time, O(B²) memory. Differs from the paper: it bounds the weights by a λ; its code bounds the
/// distance, as here.
class DistanceWeighted final : public TupleMiner {
 public:
  DistanceWeighted() : TupleMiner("euclidean", true) {}
  static void describe(Description<DistanceWeighted>& is) {
    is.summary("for each positive pair a negative, all distances being about equally frequent");
    is.source(
        "Wu, Manmatha, Smola, Krähenbühl. Sampling matters in deep embedding learning. ICCV 2017 "
        "(section 4)");
    is.cost("O(B² d) time, O(B²) memory");
    is.parameter("cutoff", &DistanceWeighted::cutoff,
                 "negatives nearer than this are drawn as if they were so far")
        .above(0)
        .below(2);
    is.parameter("nonzero_loss_cutoff", &DistanceWeighted::nonzero_loss_cutoff,
                 "negatives as far as this are never drawn")
        .above(0);
    describe_limit(is);
  }

 protected:
  at::Tensor distances(const at::Tensor& x, const at::Tensor& y) const override {
    const at::Tensor unit = normalized_rows(x);
    return euclidean_matrix(unit, x.is_same(y) ? unit : normalized_rows(y), false);
  }

  Tuples choose(const AnchorRows& rows, TupleList& found, Random& random) override {
    const DistanceWeighting weighting{rows.batch().embeddings.size(1), cutoff, nonzero_loss_cutoff};
    std::vector<double> weights;
    rows.for_each([&]<class T>(const AnchorRow<T>& row) {
      weights.resize(row.negatives.size());
      if (row.positives.empty() || !weighting.weigh(row.negatives, std::span(weights))) return;
      std::partial_sum(weights.begin(), weights.end(), weights.begin());
      for (const std::int64_t positive : row.positive_places) {
        // In (0, total], so that what has no weight is not drawn.
        const double at = (1 - random.uniform()) * weights.back();
        const auto drawn = std::lower_bound(weights.begin(), weights.end(), at) - weights.begin();
        found.add_triplet(row.anchor, positive,
                          row.negative_places[static_cast<std::size_t>(drawn)]);
      }
    });
    return found.triplets();
  }

 private:
  double cutoff = 0.5;
  double nonzero_loss_cutoff = 1.4;
};

METRICLAB_PLUGIN(DistanceWeighted, "distance_weighted");

}  // namespace
