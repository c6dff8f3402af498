// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/cat.h>
#include <ATen/ops/searchsorted.h>
#include <ATen/ops/where.h>

#include <algorithm>
#include <cmath>
#include <metriclab/deep/level_sums.hpp>
#include <metriclab/deep/tuple_loss.hpp>
#include <optional>

namespace {

using namespace metriclab;

/// Collaborative metric learning.
///
///     term of a positive pair (u, i) = w_ui Σ over the negatives k of u of h_k        (Eq. 2)
///     h_k = [m + d(u, i) − d(u, k)]₊
///     w_ui = log(1 + rank),    rank = N · part of u's negatives with h_k > 0          (Eq. 3)
///     loss = mean of the terms over the positive pairs
///
/// u: a user; i: an item that u chose; k: one that u did not; d: by default the squared Euclidean
/// distance; m: `margin`; N: `n_items`, by default the number of negatives in the batch. The
/// weights are constants for the gradient. Pairs are given, or all those that the labels allow;
/// triplets count as their different pairs. The paper's unit ball is the regularizer "lp", its
/// covariance penalty that of "vicreg". Shapes: embeddings (B × d), labels (B). Without pairs: 0,
/// with zero gradient. Cost: O(B² (d + log B)) time by sorting each user's negatives, O(B²) memory.
class CollaborativeMetric final : public TupleLoss {
 public:
  CollaborativeMetric() : TupleLoss("squared_euclidean", false, "mean") {}
  static void describe(Description<CollaborativeMetric>& is) {
    is.summary("hinges of chosen against other items, weighted by how low the chosen ranks");
    is.source("Hsieh, Yang, Cui, Lin, Belongie, Estrin. Collaborative metric learning. WWW 2017");
    is.cost("O(B² (d + log B)) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_translation");
    is.property("stops_gradient");
    is.parameter("margin", &CollaborativeMetric::margin, "m: how much farther others are to be")
        .at_least(0);
    is.parameter("n_items", &CollaborativeMetric::n_items,
                 "N: among how many items the rank is; null: those in the batch")
        .at_least(1);
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const PairCounts counts = pair_counts(batch, tuples);
    const at::Tensor d = distances(batch);
    if (d.numel() == 0) return d.sum();
    // The negatives of each user in ascending order, the others behind them.
    const at::Tensor is_negative = counts.negative.gt(0);
    constexpr double kFar = 1e30;
    const at::Tensor order =
        std::get<1>(at::where(is_negative, d.detach(), d.detach().new_full({}, kFar)).sort(1));
    const at::Tensor sorted = d.gather(1, order), there = is_negative.gather(1, order);
    const at::Tensor levels = d.add(margin);
    const at::Tensor keys = at::where(there, sorted.detach(), sorted.detach().new_full({}, kFar));
    const at::Tensor impostors = at::searchsorted(keys.contiguous(), levels.detach().contiguous());
    const at::Tensor sums = at::cat(
        {d.new_zeros({d.size(0), 1}), at::where(there, sorted, d.new_zeros({})).cumsum(1)}, 1);
    const at::Tensor number = impostors.to(d.scalar_type());
    const at::Tensor hinges = levels.mul(number).sub(sums.gather(1, impostors));
    const at::Tensor negatives = is_negative.sum(1, true).clamp_min(1);
    const at::Tensor rank =
        n_items ? number.mul(static_cast<double>(*n_items)).div(negatives) : number;
    return reduced(hinges.mul(rank.log1p()), counts.positive, batch.labels, reducer->reduction());
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const PairPlaces places(batch, tuples);
    const Reduction reduction = reducer->reduction();
    TermSum terms(reduction, places);
    return fused_rows(
        distances(batch), places, [&]<class T>(const PairRow<T>& row) { add_row(terms, row); },
        [&] {
          return ReducedPairs{terms.value(), terms.scale(), terms.scale()};
        });
  }

 private:
  template <class T>
  void add_row(TermSum& terms, const PairRow<T>& row) const {
    const T m = static_cast<T>(margin);
    std::vector<T> levels;
    for (const T d : row.positives) levels.push_back(d + m);
    LevelSums<T> impostors(levels);
    for (const T d : row.negatives) impostors.add(d);
    impostors.finish_values();
    const double items =
        n_items ? static_cast<double>(*n_items) /
                      static_cast<double>(std::max<std::size_t>(row.negatives.size(), 1))
                : 1;
    const auto weight = [&](const auto& below) {
      return std::log1p(items * static_cast<double>(below.count));
    };
    KeptSum all;
    const auto each_kept = [&](auto f) {
      for (std::size_t k = 0; k < levels.size(); ++k) {
        const auto below = impostors.below(levels[k]);
        const double hinges =
            static_cast<double>(below.count) * static_cast<double>(levels[k]) - below.sum;
        const double w = weight(below);
        if (terms.keeps(w * hinges)) f(k, w, static_cast<double>(below.count), w * hinges);
      }
    };
    each_kept([&](std::size_t, double, double, double term) {
      all.sum += term;
      ++all.n_kept;
    });
    const double factor = terms.add(row.anchor, all, levels.size());
    if (factor == 0) return;
    each_kept([&](std::size_t k, double w, double count, double) {
      row.positive_gradient[k] = static_cast<T>(factor * w * count);
      impostors.add_slope(levels[k], -factor * w);
    });
    impostors.finish_slopes();
    for (std::size_t k = 0; k < row.negatives.size(); ++k)
      row.negative_gradient[k] = static_cast<T>(impostors.slope(row.negatives[k]));
  }

  double margin = 0.5;
  std::optional<std::int64_t> n_items;
};

METRICLAB_PLUGIN(CollaborativeMetric, "collaborative_metric");

}  // namespace
