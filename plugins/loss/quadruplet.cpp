// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/deep/sorted_hinge.hpp>
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// Quadruplet loss.
///
///     loss = R over (i, j, k)    of [d(i, j) − d(i, k) + margin]₊
///          + R over (i, j, l, k) of [d(i, j) − d(l, k) + second_margin]₊ (Eq. 5)
///
/// (i, j): the positive pairs; (i, k) and (l, k): the negative pairs, in the second sum those in
/// which neither is of i's class. R: the reducer, on each sum by itself; d: by default the squared
/// Euclidean distance of normalised embeddings. Shapes: embeddings (B × d), labels (B). Without
/// such tuples: 0, with zero gradient. Tuples given count as their pairs, which are joined as
/// above. Cost: O(B² log B) time and O(B²) memory, over all of up to B⁴ quadruplets: a positive
/// pair meets the sorted negative pairs, less those of its own class. Differs from the paper: the
/// margins are given, and not chosen from the mean distances; d is not a trained layer; the sums
/// are means.
class Quadruplet final : public TupleLoss {
 public:
  Quadruplet() : TupleLoss("squared_euclidean", true, "avg_non_zero") {}
  static void describe(Description<Quadruplet>& is) {
    is.summary(
        "the triplet loss, and positive pairs are to be nearer than negative pairs of other "
        "classes");
    is.source(
        "Chen, Chen, Zhang, Huang. Beyond triplet loss: a deep quadruplet network for person "
        "re-identification. CVPR 2017");
    is.cost("O(B² log B) time, O(B²) memory, over all quadruplets");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("margin", &Quadruplet::margin, "how much farther the anchor's negative must be");
    is.parameter("second_margin", &Quadruplet::second_margin,
                 "how much farther a negative pair of other classes must be");
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    return fused_loss(batch, tuples);
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const AnchorPairs pairs(batch, tuples);
    const PairPlaces places(batch, tuples);
    const Reduction reduction = reducer->reduction();
    return fused(distances(batch), [&]<class T>(const T* d, T* gradient) {
      const std::int64_t n = pairs.n_anchors(), m = pairs.n_others();
      TermSum triplets(reduction, places), quadruplets(reduction, places);
      SortedHinge<T> scratch;
      PairRows<T> rows(places);
      for (std::int64_t i = 0; i < n; ++i) {
        add_triplet_hinges(triplets, rows.load(i, d + i * m), static_cast<T>(margin), scratch);
        rows.store(gradient + i * m);
      }
      const T scale = static_cast<T>(triplets.scale());
      std::for_each(gradient, gradient + n * m, [&](T& g) { g *= scale; });
      add_quadruplets(quadruplets, pairs, d, gradient);
      return Reduced{triplets.value() + quadruplets.value()};
    });
  }

 private:
  template <class T>
  void add_quadruplets(TermSum& terms, const AnchorPairs& pairs, const T* d, T* gradient) const {
    const std::int64_t n = pairs.n_anchors(), m = pairs.n_others();
    const T gap = static_cast<T>(second_margin);
    std::vector<std::int64_t> classes = pairs.labels();
    classes.insert(classes.end(), pairs.other_labels().begin(), pairs.other_labels().end());
    std::sort(classes.begin(), classes.end());
    classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
    auto class_of = [&](std::int64_t label) {
      return static_cast<std::size_t>(std::lower_bound(classes.begin(), classes.end(), label) -
                                      classes.begin());
    };
    std::vector<std::size_t> row_class, column_class;
    for (std::int64_t label : pairs.labels()) row_class.push_back(class_of(label));
    for (std::int64_t label : pairs.other_labels()) column_class.push_back(class_of(label));

    T farthest = 0;
    bool any = false;
    for (std::int64_t i = 0; i < n; ++i)
      for (Index j : pairs.positives(i)) {
        farthest = any ? std::max(farthest, d[i * m + j]) : d[i * m + j];
        any = true;
      }
    if (!any) return;

    // All negative pairs, and of each class those in which it takes part.
    SortedHinge<T> all;
    std::vector<SortedHinge<T>> of_class(classes.size());
    all.clear(farthest + gap);
    for (auto& one : of_class) one.clear(farthest + gap);
    auto for_both = [&](std::int64_t cell, auto f) {
      const std::size_t a = row_class[static_cast<std::size_t>(cell / m)],
                        b = column_class[static_cast<std::size_t>(cell % m)];
      f(of_class[a]);
      if (a != b) f(of_class[b]);
    };
    for (std::int64_t i = 0; i < n; ++i)
      for (Index k : pairs.negatives(i)) {
        const std::int64_t cell = i * m + k;
        all.insert(d[cell], cell);
        if (d[cell] >= farthest + gap)
          for_both(cell, [&](SortedHinge<T>& one) { one.insert(d[cell], cell); });
      }
    all.finish();
    for (const auto& [x, cell] : all.values())
      for_both(cell, [&, x = x, cell = cell](SortedHinge<T>& one) { one.insert(x, cell); });
    for (auto& one : of_class) one.finish(true);

    std::vector<double> factors(static_cast<std::size_t>(n), 0);
    for (std::int64_t i = 0; i < n; ++i) {
      const SortedHinge<T>& own = of_class[row_class[static_cast<std::size_t>(i)]];
      double sum = 0;
      std::int64_t kept = 0;
      for (Index j : pairs.positives(i)) {
        const auto with = all.terms(d[i * m + j] + gap, terms),
                   without = own.terms(d[i * m + j] + gap, terms);
        sum += with.sum - without.sum;
        kept += with.n_kept - without.n_kept;
      }
      const auto n_terms =
          static_cast<std::int64_t>(pairs.positives(i).size()) * (all.size() - own.size());
      factors[static_cast<std::size_t>(i)] = terms.add(i, sum, n_terms, kept);
    }
    for (std::int64_t i = 0; i < n; ++i) {
      const double factor = factors[static_cast<std::size_t>(i)] * terms.scale();
      if (factor == 0) continue;
      SortedHinge<T>& own = of_class[row_class[static_cast<std::size_t>(i)]];
      for (Index j : pairs.positives(i)) {
        const auto with = all.terms(d[i * m + j] + gap, terms),
                   without = own.terms(d[i * m + j] + gap, terms);
        gradient[i * m + j] +=
            static_cast<T>(factor * static_cast<double>(with.n_active - without.n_active));
        all.add_gradient(with, factor);
        own.add_gradient(without, -factor);
      }
    }
    auto add = [&](std::int64_t cell, double slope) { gradient[cell] += static_cast<T>(slope); };
    all.for_each_gradient(add);
    for (const auto& one : of_class) one.for_each_gradient(add);
  }

  double margin = 1;
  double second_margin = 0.5;
};

METRICLAB_PLUGIN(Quadruplet, "quadruplet");

}  // namespace
