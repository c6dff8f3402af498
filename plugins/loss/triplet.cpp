// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/cat.h>

#include <algorithm>
#include <cmath>
#include <metriclab/deep/sorted_hinge.hpp>
#include <metriclab/deep/triplet_terms.hpp>
#include <metriclab/deep/tuple_loss.hpp>
#include <tuple>

namespace {

using namespace metriclab;

/// Triplet margin loss.
///
///     loss = mean over T of f(d(a, p) − d(a, n) + margin)
///     f(t) = [t]₊, or log(1 + e^t) with `smooth`
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
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const std::int64_t n = batch.embeddings.size(0), first = swap && batch.has_reference() ? n : 0;
    return reduced_triplets(
        matrix(batch), batch, tuples, reducer->reduction(),
        [&](const at::Tensor& d, const at::Tensor& anchors, const at::Tensor& positives,
            const at::Tensor& negatives) {
          NearAndFar is = near_and_far(d, anchors, positives, negatives);
          if (swap)
            is.far =
                is.far.minimum(near_and_far(d, positives.add(first), positives, negatives).far);
          return terms_of(is.near, is.far);
        });
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const Reduction reduction = reducer->reduction();
    const std::int64_t n = batch.embeddings.size(0), m = batch.others().size(0);
    if (are_few_triplets(batch, tuples)) return over_few(batch, tuples);
    const bool is_listed = tuples.form == Tuples::Form::triplets;
    const at::Tensor d = matrix(batch);
    if (!swap && !is_listed) {
      const PairPlaces places(batch, tuples);
      TermSum terms(reduction, places);
      return over_rows(d, places, terms);
    }
    const std::int64_t first = swap && batch.has_reference() ? n * m : 0;
    const std::vector<std::int64_t> labels = as_indices(batch.labels);
    TermSum terms(reduction, labels.data(), n);
    return fused(d, [&]<class T>(const T* values, T* gradient) {
      if (is_listed)
        over_list(AnchorTriplets(batch, tuples), terms, n, m, values, gradient, values + first,
                  gradient + first);
      else
        over_swapped(PairPlaces(batch, tuples), terms, values, gradient, values + first,
                     gradient + first);
      return Reduced{terms.value(), terms.scale()};
    });
  }

 private:
  at::Tensor terms_of(const at::Tensor& near, const at::Tensor& far) const {
    const at::Tensor t = near.sub(far).add(margin);
    return smooth ? t.clamp_min(0).add(t.abs().neg().exp().log1p()) : t.clamp_min(0);
  }

  /// A miner's choice of a triplet or so for an anchor: no matrix.
  at::Tensor over_few(const Batch& batch, const Tuples& tuples) const {
    const at::Tensor &x = batch.embeddings, &y = batch.others();
    at::Tensor far = distances_at(x, tuples.anchor, y, tuples.negative);
    if (swap) far = far.minimum(distances_at(y, tuples.positive, y, tuples.negative));
    return reduced_list(terms_of(distances_at(x, tuples.anchor, y, tuples.positive), far), batch,
                        tuples, reducer->reduction());
  }

  /// The distances that triplets are made of, (B × R); with swap and a reference set, of which
  /// positives and negatives are rows, one matrix with the batch's and the set's rows.
  at::Tensor matrix(const Batch& batch) const {
    if (!swap || !batch.has_reference()) return distances(batch);
    return at::cat({distances(batch), distances(batch.reference, batch.reference)});
  }

  at::Tensor over_rows(const at::Tensor& d, const PairPlaces& places, TermSum& terms) const {
    std::tuple<SortedHinge<float>, SortedHinge<double>> sorted;
    std::tuple<std::vector<float>, std::vector<double>> slopes;
    return fused_rows(
        d, places,
        [&]<class T>(const PairRow<T>& row) {
          if (!smooth)
            add_triplet_hinges(terms, row, static_cast<T>(margin),
                               std::get<SortedHinge<T>>(sorted));
          else
            add_triplet_softplus(terms, row, static_cast<T>(margin),
                                 std::get<std::vector<T>>(slopes));
        },
        [&] {
          return ReducedPairs{terms.value(), terms.scale(), terms.scale()};
        });
  }

  /// The terms of one positive: [level − d(a, n)]₊ or softplus, with the distances of the
  /// negatives.
  template <class T>
  KeptSum sum_terms(const TermSum& terms, std::span<const T> negatives, T level,
                    std::vector<T>& slopes) const {
    if (!smooth) return hinge_sum(negatives, T(-1), level, terms.kept<T>());
    slopes.resize(negatives.size());
    return softplus_sum<T>(negatives, T(-1), level, terms.kept<T>(), slopes);
  }
  /// Their gradient, of which the positive's is returned.
  template <class T>
  T add_gradient(const TermSum& terms, std::span<const T> negatives, T level, T factor,
                 std::span<T> gradient, std::vector<T>& slopes) const {
    if (!smooth) {
      const auto n_active =
          add_hinge_gradient(negatives, T(-1), level, terms.kept<T>(), factor, gradient);
      return factor * static_cast<T>(n_active);
    }
    add_scaled<T>(slopes, -factor, gradient);
    return factor * static_cast<T>(sum_of<T>(slopes));
  }

  /// `d`: anchors by others; `e`: others by others, where swap finds d(p, n).
  template <class T>
  void over_swapped(const PairPlaces& places, TermSum& terms, const T* d, T* gradient, const T* e,
                    T* e_gradient) const {
    const std::int64_t n = places.n_anchors(), m = places.n_others();
    PairRows<T> rows(places);
    std::vector<T> other, nearer, nearer_gradient, other_gradient, slopes;
    for (std::int64_t i = 0; i < n; ++i) {
      const PairRow<T>& row = rows.load(i, d + i * m);
      const std::size_t n_positives = row.positives.size(), n_negatives = row.negatives.size();
      const std::optional<double> known = terms.known_factor(i);
      other.resize(n_negatives);
      nearer.resize(n_negatives);
      auto for_each = [&](auto&& visit) {
        for (std::size_t k = 0; k < n_positives; ++k) {
          const std::int64_t p = places.positive(i, k);
          rows.negatives_of(e + p * m, other);
          smaller_of<T>(row.negatives, other, nearer);
          visit(k, p, row.positives[k] + static_cast<T>(margin));
        }
      };
      auto differentiate = [&](std::size_t k, std::int64_t p, T level, T factor) {
        nearer_gradient.assign(n_negatives, T(0));
        other_gradient.assign(n_negatives, T(0));
        row.positive_gradient[k] +=
            add_gradient<T>(terms, nearer, level, factor, nearer_gradient, slopes);
        add_to_smaller<T>(row.negatives, other, nearer_gradient, row.negative_gradient,
                          other_gradient);
        rows.add_to_negatives(other_gradient, e_gradient + p * m);
      };
      KeptSum all;
      for_each([&](std::size_t k, std::int64_t p, T level) {
        const KeptSum is = sum_terms<T>(terms, nearer, level, slopes);
        all.sum += is.sum;
        all.n_kept += is.n_kept;
        if (known) differentiate(k, p, level, static_cast<T>(*known));
      });
      const T factor = static_cast<T>(terms.add(i, all, n_positives * n_negatives));
      if (!known && factor != 0)
        for_each([&](std::size_t k, std::int64_t p, T level) {
          if (smooth) sum_terms<T>(terms, nearer, level, slopes);
          differentiate(k, p, level, factor);
        });
      rows.add_to(gradient + i * m);
    }
  }

  /// Triplets as listed, one by one: first their sum, then, their weight being known, their
  /// gradients.
  template <class T>
  void over_list(const AnchorTriplets& triplets, TermSum& terms, std::int64_t n, std::int64_t m,
                 const T* d, T* gradient, const T* e, T* e_gradient) const {
    for (std::int64_t i = 0; i < n; ++i) {
      const T* row = d + i * m;
      T* to = gradient + i * m;
      // The excess d(a, p) − d(a, n) + margin, and whether it is the positive that is nearer to the
      // negative.
      auto excess = [&](std::int64_t p, std::int64_t q, bool& swapped) {
        const T other = swap ? e[p * m + q] : row[q];
        swapped = other < row[q];
        return row[p] - (swapped ? other : row[q]) + static_cast<T>(margin);
      };
      auto term = [&](T t) {
        return std::max(t, T(0)) + (smooth ? std::log1p(std::exp(-std::abs(t))) : T(0));
      };
      bool swapped = false;
      KeptSum all;
      for (const auto& [p, q] : triplets.of(i)) {
        const T value = term(excess(p, q, swapped));
        if (!terms.keeps(value)) continue;
        ++all.n_kept;
        all.sum += value;
      }
      const T factor = static_cast<T>(terms.add(i, all, triplets.of(i).size()));
      if (factor == 0) continue;
      for (const auto& [p, q] : triplets.of(i)) {
        const T t = excess(p, q, swapped);
        if ((t <= 0 && !smooth) || !terms.keeps(term(t))) continue;
        const T slope = smooth ? factor / (1 + std::exp(-t)) : factor;
        to[p] += slope;
        (swapped ? e_gradient + p * m : to)[q] -= slope;
      }
    }
  }

  double margin = 0.2;
  bool swap = false;
  bool smooth = false;
};

METRICLAB_PLUGIN(Triplet, "triplet");

}  // namespace
