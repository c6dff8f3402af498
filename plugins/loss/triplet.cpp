// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/cat.h>

#include <algorithm>
#include <cmath>
#include <metriclab/deep/sorted_hinge.hpp>
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// Triplet margin loss.
///
///     loss = mean over T of f(d(a, p) − d(a, n) + margin),    f(t) = [t]₊, or log(1 + e^t) with
///     `smooth`
///
/// T: the triplets with a non-zero term (the mean runs over those only; that is the default
/// reducer); d: the loss's distance, by default Euclidean, not squared, of normalised embeddings.
/// With `swap`, d(a, n) becomes min(d(a, n), d(p, n)). Shapes: embeddings (B × d), labels (B),
/// triplets (T × 3). Without triplets: 0, with zero gradient. Pairs given are joined: every
/// positive with every negative of the same anchor. Cost: over all triplets O(B² log B) time; with
/// swap or smooth O(P B), P being the number of positive pairs. O(B²) memory. Differs from the
/// paper: Eq. 3 there sums squared distances ("squared_euclidean", "sum").
class Triplet final : public TupleLoss {
 public:
  Triplet() : TupleLoss("euclidean", true, "avg_non_zero") {}
  static void describe(Description<Triplet>& is) {
    is.summary("a negative must be farther from the anchor than a positive, by a margin");
    is.source(
        "Schroff, Kalenichenko, Philbin. FaceNet: a unified embedding for face recognition and "
        "clustering. CVPR 2015");
    is.source(
        "Balntas, Riba, Ponsa, Mikolajczyk. Learning local feature descriptors with triplets and "
        "shallow convolutional neural networks. BMVC 2016 (swap)");
    is.source(
        "Hermans, Beyer, Leibe. In defense of the triplet loss for person re-identification. arXiv "
        "2017 (smooth: the soft margin)");
    is.cost(
        "O(B² log B) time over all triplets (with swap or smooth: positive pairs × B), O(B²) "
        "memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("margin", &Triplet::margin, "how much farther a negative must be");
    is.parameter("swap", &Triplet::swap,
                 "the negative's distance is the smaller of those to anchor and positive");
    is.parameter("smooth", &Triplet::smooth,
                 "log(1 + e^t) instead of the hinge: satisfied triplets still pull a little");
    describe_common(is);
  }

 protected:
  at::Tensor tuple_loss(const Batch& batch, const Tuples& tuples) override {
    const Reduction reduction = reducer->reduction();
    const at::Tensor d = distances(batch);
    if (!swap || !batch.has_reference()) {
      return fused(d, [&]<class T>(const T* values, T* gradient) {
        return over_triplets(batch, tuples, reduction, values, gradient, values, gradient);
      });
    }
    // The positives are rows of the reference set, and so are the negatives: one matrix with both
    // sets as its rows.
    const std::int64_t n = batch.embeddings.size(0), m = batch.reference.size(0);
    const at::Tensor both = at::cat({d, distances(batch.reference, batch.reference)});
    return fused(both, [&]<class T>(const T* values, T* gradient) {
      return over_triplets(batch, tuples, reduction, values, gradient, values + n * m,
                           gradient + n * m);
    });
  }

 private:
  // Up to so many positives of an anchor, looking at each triplet is faster than sorting the
  // negatives (measured at B = 512 and 2048).
  static constexpr std::size_t kFewPositives = 8;

  /// `d`: anchors by others; `e`: others by others, where swap finds d(p, n).
  template <class T>
  Reduced over_triplets(const Batch& batch, const Tuples& tuples, const Reduction& reduction,
                        const T* d, T* gradient, const T* e, T* e_gradient) const {
    const std::vector<std::int64_t> labels = as_indices(batch.labels);
    const std::int64_t n = batch.embeddings.size(0), m = batch.others().size(0);
    TermSum terms(reduction, labels.data(), n);
    if (tuples.form == Tuples::Form::triplets) {
      const AnchorTriplets triplets(batch, tuples);
      for (std::int64_t i = 0; i < n; ++i) {
        const auto others = triplets.of(i);
        one_by_one(terms, i, m, d, gradient, e, e_gradient,
                   static_cast<std::int64_t>(others.size()), [&](auto&& visit) {
                     for (const auto& [p, q] : others) visit(p, q);
                   });
      }
    } else {
      const AnchorPairs pairs(batch, tuples);
      SortedHinge<T> scratch;
      for (std::int64_t i = 0; i < n; ++i) {
        const auto positives = pairs.positives(i), negatives = pairs.negatives(i);
        const auto count = static_cast<std::int64_t>(positives.size() * negatives.size());
        if (swap || smooth || positives.size() <= kFewPositives)
          one_by_one(terms, i, m, d, gradient, e, e_gradient, count, [&](auto&& visit) {
            for (Index p : positives)
              for (Index q : negatives) visit(p, q);
          });
        else
          add_triplet_hinges(terms, i, positives, negatives, d + i * m, static_cast<T>(margin),
                             gradient + i * m, scratch);
      }
    }
    return {terms.value(), terms.scale()};
  }

  /// The terms of one anchor, each looked at: first their sum, then, their weight being known,
  /// their gradients.
  template <class T, class ForEach>
  void one_by_one(TermSum& terms, std::int64_t anchor, std::int64_t m, const T* d, T* gradient,
                  const T* e, T* e_gradient, std::int64_t count, ForEach for_each) const {
    const T* row = d + anchor * m;
    T* to = gradient + anchor * m;
    const T gap = static_cast<T>(margin);
    // The excess d(a, p) − d(a, n) + margin, and whether it is the positive that is nearer to the
    // negative.
    auto excess = [&](Index p, Index q, bool& swapped) {
      const T other = swap ? e[p * m + q] : row[q];
      swapped = other < row[q];
      return row[p] - (swapped ? other : row[q]) + gap;
    };
    auto term = [&](T t) {
      return smooth ? std::max(t, T(0)) + std::log1p(std::exp(-std::abs(t))) : std::max(t, T(0));
    };
    bool swapped = false;
    double sum = 0;
    std::int64_t kept = 0;
    for_each([&](Index p, Index q) {
      const T value = term(excess(p, q, swapped));
      if (!terms.keeps(value)) return;
      ++kept;
      sum += value;
    });
    const T factor = static_cast<T>(terms.add(anchor, sum, count, kept));
    if (factor == 0) return;
    for_each([&](Index p, Index q) {
      const T t = excess(p, q, swapped);
      if ((t <= 0 && !smooth) || !terms.keeps(term(t))) return;
      const T slope = smooth ? factor / (1 + std::exp(-t)) : factor;
      to[p] += slope;
      (swapped ? e_gradient + p * m : to)[q] -= slope;
    });
  }

  double margin = 0.2;
  bool swap = false;
  bool smooth = false;
};

METRICLAB_PLUGIN(Triplet, "triplet");

}  // namespace
