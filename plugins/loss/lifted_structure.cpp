// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/logaddexp.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// Lifted structure loss.
///
///     term of a positive pair (i, j) = ½ [J_ij]₊²
///     J_ij = d(i, j) − positive_margin
///          + log( Σ over i's negatives of e^{negative_margin − d(i, n)}
///               + Σ over j's negatives of e^{negative_margin − d(j, n)} )
///     loss = mean of the terms over the positive pairs                        (Eq. 4)
///
/// d: by default the Euclidean distance, not squared, of normalised embeddings. Pairs are ordered:
/// (i, j) and (j, i) both count, with equal terms. A pair whose ends have no negatives has the term
/// 0. Against a reference set j's negatives are not looked at. Shapes: embeddings (B × d), labels
/// (B). Without pairs: 0, with zero gradient. Triplets given count as their different pairs. Cost:
/// O(B² d) time, O(B²) memory. Differs from the paper: embeddings are normalised, and there is a
/// positive margin, by default 0.
class LiftedStructure final : public TupleLoss {
 public:
  LiftedStructure() : TupleLoss("euclidean", true, "mean") {}
  static void describe(Description<LiftedStructure>& is) {
    is.summary("a positive pair is to be nearer than a smooth minimum over both ends' negatives");
    is.source(
        "Song, Xiang, Jegelka, Savarese. Deep metric learning via lifted structured feature "
        "embedding. CVPR 2016");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("negative_margin", &LiftedStructure::negative_margin,
                 "α of the paper: what the distances of negatives are taken off");
    is.parameter("positive_margin", &LiftedStructure::positive_margin,
                 "is taken off the distances of positives");
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const PairCounts counts = pair_counts(batch, tuples);
    const at::Tensor d = distances(batch),
                     sums = log_sum_exp(d.neg().add(negative_margin), counts.negative, false);
    at::Tensor both = sums.unsqueeze(1);
    if (!batch.has_reference()) both = at::logaddexp(both, sums.unsqueeze(0));
    return reduced(both.add(d).sub(positive_margin).clamp_min(0).square().mul(0.5), counts.positive,
                   batch.labels, reducer->reduction());
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const PairPlaces places(batch, tuples);
    const Reduction reduction = reducer->reduction();
    TermSum terms(reduction, places);
    const bool both_ends = !batch.has_reference();
    return fused(distances(batch), [&]<class T>(const T* d, T* gradient) {
      const std::int64_t n = places.n_anchors(), m = places.n_others();
      PairRows<T> rows(places);
      // Of each anchor the log of the sum over its negatives, whose shares the gradient holds until
      // it is known by what they are to be multiplied.
      std::vector<double> sums, slopes(static_cast<std::size_t>(n), 0);
      for (std::int64_t i = 0; i < n; ++i) {
        const PairRow<T>& row = rows.load(i, d + i * m);
        sums.push_back(log_sum_exp(row.negatives, T(-1), static_cast<T>(negative_margin), false,
                                   row.negative_gradient));
        rows.store(gradient + i * m);
      }
      std::vector<T> pulls;  // the positives' gradients, anchor by anchor
      for (std::int64_t i = 0; i < n; ++i)
        add_positives(terms, places, i, d + i * m, sums, both_ends, slopes, pulls);
      auto next = pulls.begin();
      for (std::int64_t i = 0; i < n; ++i) {
        T* to = gradient + i * m;
        multiply_by(std::span<T>(to, static_cast<std::size_t>(m)),
                    static_cast<T>(-slopes[static_cast<std::size_t>(i)]));
        for (std::size_t k = 0; k < n_positives(places, i); ++k)
          to[places.positive(i, k)] += *next++;
      }
      return Reduced{terms.value(), terms.scale()};
    });
  }

 private:
  static std::size_t n_positives(const PairPlaces& places, std::int64_t i) {
    return places.is_listed() ? places.positive_list(i).size()
                              : static_cast<std::size_t>(places.positive_ranges(i).size());
  }

  /// The terms of one anchor: their gradients by its positives' distances to the end of `pulls`,
  /// those by the sums of both ends to `slopes`.
  template <class T>
  void add_positives(TermSum& terms, const PairPlaces& places, std::int64_t i, const T* d,
                     const std::vector<double>& sums, bool both_ends, std::vector<double>& slopes,
                     std::vector<T>& pulls) const {
    constexpr double kNone = -std::numeric_limits<double>::infinity();
    const std::size_t count = n_positives(places, i), anchor = static_cast<std::size_t>(i);
    const double own = sums[anchor];
    struct Hinge {
      double value, share;  // share: of the sum over both ends, the anchor's
    };
    auto hinge = [&](std::size_t j) -> Hinge {
      const double other = both_ends ? sums[j] : kNone, top = std::max(own, other);
      if (top == kNone) return {0, 0};
      const double both = top + std::log(std::exp(own - top) + std::exp(other - top));
      return {std::max(0.0, both + static_cast<double>(d[j]) - positive_margin),
              std::exp(own - both)};
    };
    KeptSum all;
    for (std::size_t k = 0; k < count; ++k) {
      const double value = hinge(static_cast<std::size_t>(places.positive(i, k))).value;
      if (!terms.keeps(value * value / 2)) continue;
      all.sum += value * value / 2;
      ++all.n_kept;
    }
    const double factor = terms.add(i, all, count);
    for (std::size_t k = 0; k < count; ++k) {
      const auto j = static_cast<std::size_t>(places.positive(i, k));
      const Hinge is = hinge(j);
      const double pull = terms.keeps(is.value * is.value / 2) ? factor * is.value : 0;
      pulls.push_back(static_cast<T>(pull));
      slopes[anchor] += pull * is.share;
      if (both_ends) slopes[j] += pull * (1 - is.share);
    }
  }

  double negative_margin = 1;
  double positive_margin = 0;
};

METRICLAB_PLUGIN(LiftedStructure, "lifted_structure");

}  // namespace
