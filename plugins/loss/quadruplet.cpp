// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/argsort.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/where.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/deep/level_sums.hpp>
#include <metriclab/deep/sorted_hinge.hpp>
#include <metriclab/deep/tuple_loss.hpp>
#include <numeric>

namespace {

using namespace metriclab;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Calls f(j) for the columns of an anchor's positives, or of its negatives.
template <class F>
void for_each_column(const PairPlaces::Ranges& ranges, F f) {
  for (int part = 0; part < 2; ++part)
    for (std::int64_t j = ranges.begin[part]; j < ranges.end[part]; ++j) f(j);
}
template <class F>
void for_each_positive(const PairPlaces& places, std::int64_t anchor, F f) {
  if (!places.is_listed()) return for_each_column(places.positive_ranges(anchor), f);
  for (const Index j : places.positive_list(anchor)) f(std::int64_t{j});
}
template <class F>
void for_each_negative(const PairPlaces& places, std::int64_t anchor, F f) {
  if (!places.is_listed()) return for_each_column(places.negative_ranges(anchor), f);
  for (const Index j : places.negative_list(anchor)) f(std::int64_t{j});
}

/// The classes of anchors and of the other sides, numbered from 0.
struct Classes {
  std::vector<std::int64_t> rows, columns;
  std::int64_t n = 0;

  explicit Classes(const Batch& batch)
      : rows(as_indices(batch.labels)), columns(as_indices(batch.other_labels())) {
    std::vector<std::int64_t> known = rows;
    known.insert(known.end(), columns.begin(), columns.end());
    std::sort(known.begin(), known.end());
    known.erase(std::unique(known.begin(), known.end()), known.end());
    n = static_cast<std::int64_t>(known.size());
    for (auto* labels : {&rows, &columns})
      for (std::int64_t& label : *labels)
        label = std::lower_bound(known.begin(), known.end(), label) - known.begin();
  }
};

/// The positive pairs, (P): their anchors, and the levels of their terms, in float64.
struct Levels {
  at::Tensor anchors, values;
};

/// Of each level: the sum of its terms [level − x]₊ that are kept; how many there are; how many are
/// kept. (P), in float64.
struct LevelTerms {
  at::Tensor sum, n, n_kept;
  at::Tensor n_active;  // how many of the kept are above 0
  LevelTerms minus(const LevelTerms& other) const {
    const at::Tensor active = n_active.sub(other.n_active);
    // The rounding of a difference of equals would count as a sum above 0.
    return {at::where(active.gt(0), sum.sub(other.sum), sum.new_zeros({})), n.sub(other.n),
            n_kept.sub(other.n_kept), active};
  }
};

/// Distances in ascending order within segments, whose prefix sums give the terms of any level.
class Segments {
 public:
  /// `x`, (N) float64, each of which counts as often as `counts` says; `order` sorts them; `of`:
  /// the segment of each, undefined for a single one; `sizes` of the segments.
  Segments(const at::Tensor& x, const at::Tensor& counts, at::Tensor order, const at::Tensor& of,
           const std::vector<std::int64_t>& sizes) {
    if (of.defined())
      order = order.index_select(0, at::argsort(of.index_select(0, order), /*stable=*/true));
    const at::Tensor values = x.index_select(0, order), often = counts.index_select(0, order);
    sorted_ = values.detach();
    const at::Tensor zero = sorted_.new_zeros({1});
    counts_ = at::cat({zero, often.cumsum(0)});
    sums_ = at::cat({zero, values.mul(often).cumsum(0)});
    std::vector<std::int64_t> ends = {0};
    for (const std::int64_t size : sizes) {
      ends.push_back(ends.back() + size);
      while ((std::int64_t{1} << steps_) <= size) ++steps_;
    }
    ends_ = index_tensor(ends).to(x.device());
  }

  /// Level p with the values of segment `which[p]`.
  LevelTerms terms(const at::Tensor& levels, const at::Tensor& which,
                   const Reduction& reduction) const {
    const double low = reduction.per_anchor ? -kInfinity : reduction.low,
                 high = reduction.per_anchor ? kInfinity : reduction.high;
    const at::Tensor begin = ends_.index_select(0, which),
                     end = ends_.index_select(0, which.add(1)), held = levels.detach();
    const at::Tensor last = place(held.sub(std::max(low, 0.0)), begin, end, false);
    at::Tensor first = begin;
    if (high < kInfinity) first = place(held.sub(high), begin, end, true).minimum(last);
    const at::Tensor n_active = between(counts_, first, last);
    LevelTerms result{levels.mul(n_active).sub(between(sums_, first, last)),
                      between(counts_, begin, end), n_active, n_active};
    if (low < 0 && high > 0) result.n_kept = n_active.add(between(counts_, last, end));
    return result;
  }

 private:
  static at::Tensor between(const at::Tensor& sums, const at::Tensor& first,
                            const at::Tensor& last) {
    return sums.index_select(0, last).sub(sums.index_select(0, first));
  }

  /// Where in begin … end the values that are < bound end, or ≤ bound: as many halvings as the
  /// largest segment takes, since how many are needed is known on the device only.
  at::Tensor place(const at::Tensor& bound, at::Tensor begin, at::Tensor end, bool or_equal) const {
    for (int step = 0; step < steps_; ++step) {
      const at::Tensor middle = begin.add(end).floor_divide(2);
      const at::Tensor x = sorted_.index_select(0, middle.clamp_max(sorted_.size(0) - 1));
      const at::Tensor before = (or_equal ? x.le(bound) : x.lt(bound)).logical_and(begin.lt(end));
      begin = at::where(before, middle.add(1), begin);
      end = at::where(before, end, middle);
    }
    return begin;
  }

  at::Tensor sorted_, counts_, sums_, ends_;  // (N), (N + 1), (N + 1), (segments + 1)
  int steps_ = 0;
};

/// The reduction of the terms, summed up by their level.
at::Tensor reduced_levels(const LevelTerms& terms, const Levels& levels, const at::Tensor& labels,
                          const Reduction& reduction) {
  const auto of_anchors = [&](const at::Tensor& of_levels) {
    return of_levels.new_zeros({labels.size(0)}).index_add(0, levels.anchors, of_levels);
  };
  at::Tensor sums = of_anchors(terms.sum);
  const at::Tensor n = of_anchors(terms.n);
  // As many terms of the mean, of which `reduced` takes the mean.
  if (reduction.per_anchor)
    return reduced(sums.div(n.clamp_min(1)).unsqueeze(1), n.unsqueeze(1), labels, reduction);
  if (!reduction.class_weights.empty())
    sums = sums.mul(class_weights_of(reduction, labels).to(sums.device()));
  if (reduction.count == Reduction::Count::one) return sums.sum();
  const bool kept = reduction.count == Reduction::Count::kept;
  return sums.sum().div((kept ? terms.n_kept : terms.n).sum().clamp_min(1));
}

/// Quadruplet loss.
///
///     loss = R over (i, j, k)    of [d(i, j) − d(i, k) + α₁]₊
///          + R over (i, j, l, k) of [d(i, j) − d(l, k) + α₂]₊ (Eq. 5)
///
/// (i, j): the positive pairs; (i, k) and (l, k): the negative pairs, in the second sum those in
/// which neither is of i's class. R: the reducer, on each sum by itself; d: by default the squared
/// Euclidean distance of normalised embeddings. α₁ = margin, α₂ = second_margin; with
/// adaptive_margin (Eq. 6–7) these are the weights w by which the mean d over the negative pairs,
/// less that over the positive pairs, is multiplied, and no gradient goes through that. Shapes:
/// embeddings (B × d), labels (B). Without such tuples: 0, with zero gradient. Tuples given count
/// as their pairs, which are joined as above. Cost: O(B² log B) time and O(B²) memory, over all of
/// up to B⁴ quadruplets: a positive pair meets all the negative pairs, less those of its own class,
/// by prefix sums. Differs from the paper: the margins are given, unless adaptive_margin is on, as
/// it is there; d is not a trained layer; the sums are means.
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
    is.parameter("adaptive_margin", &Quadruplet::adaptive_margin,
                 "both margins are in units of by how much negative pairs are farther than "
                 "positive ones in the mean over the batch");
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const at::Tensor d = distances(batch);
    const PairPlaces places(batch, tuples);
    const std::int64_t n = places.n_anchors(), m = places.n_others();
    std::vector<std::int64_t> anchors, cells;
    for (std::int64_t i = 0; i < n; ++i)
      for_each_positive(places, i, [&](std::int64_t j) {
        anchors.push_back(i);
        cells.push_back(i * m + j);
      });
    if (cells.empty()) return d.sum().mul(0);

    const at::Device device = d.device();
    const Reduction reduction = reducer->reduction();
    const PairCounts pairs = pair_counts(batch, tuples);
    const at::Tensor x = d.reshape({-1}).to(at::kDouble),
                     counts = pairs.negative.reshape({-1}).to(at::kDouble),
                     order = at::argsort(x.detach());
    const Levels levels{index_tensor(anchors).to(device),
                        x.index_select(0, index_tensor(cells).to(device))};
    at::Tensor unit = x.new_ones({});
    if (adaptive_margin)
      unit = mean_over(counts, x.detach())
                 .sub(mean_over(pairs.positive.reshape({-1}).to(at::kDouble), x.detach()));
    const auto terms = [&](const at::Tensor& of, const std::vector<std::int64_t>& sizes,
                           const at::Tensor& which, double by) {
      return Segments(x, counts, order, of, sizes)
          .terms(levels.values.add(unit.mul(by)), which, reduction);
    };

    const at::Tensor rows = index_tensor(numbers(n)).to(device);
    const LevelTerms triplets =
        terms(spread(rows, {n, 1}, {n, m}),
              std::vector<std::int64_t>(static_cast<std::size_t>(n), m), levels.anchors, margin);

    const Classes classes(batch);
    const at::Tensor row_class = index_tensor(classes.rows).to(device),
                     column_class = index_tensor(classes.columns).to(device);
    const at::Tensor which = row_class.index_select(0, levels.anchors);
    const LevelTerms all = terms({}, {n * m}, which.mul(0), second_margin);
    const LevelTerms with_row = terms(spread(row_class, {n, 1}, {n, m}),
                                      sizes_of(classes.rows, classes.n, m), which, second_margin);
    const LevelTerms with_column =
        terms(spread(column_class, {1, m}, {n, m}), sizes_of(classes.columns, classes.n, n), which,
              second_margin);
    return reduced_levels(triplets, levels, batch.labels, reduction)
        .add(
            reduced_levels(all.minus(with_row).minus(with_column), levels, batch.labels, reduction))
        .to(d.scalar_type());
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const PairPlaces places(batch, tuples);
    const Classes classes(batch);
    const Reduction reduction = reducer->reduction();
    return fused(distances(batch), [&]<class T>(const T* d, T* gradient) {
      const std::int64_t n = places.n_anchors(), m = places.n_others();
      const double unit = adaptive_margin ? mean_gap(places, d) : 1;
      TermSum triplets(reduction, places), quadruplets(reduction, places);
      SortedHinge<T> scratch;
      PairRows<T> rows(places);
      for (std::int64_t i = 0; i < n; ++i) {
        add_triplet_hinges(triplets, rows.load(i, d + i * m), static_cast<T>(unit * margin),
                           scratch);
        rows.store(gradient + i * m);
      }
      multiply_by(std::span(gradient, static_cast<std::size_t>(n * m)),
                  static_cast<T>(triplets.scale()));
      add_quadruplets(quadruplets, places, classes, d, static_cast<T>(unit * second_margin),
                      gradient);
      return Reduced{triplets.value() + quadruplets.value()};
    });
  }

 private:
  static at::Tensor mean_over(const at::Tensor& counts, const at::Tensor& x) {
    return x.mul(counts).sum().div(counts.sum().clamp_min(1));
  }
  static at::Tensor spread(const at::Tensor& values, at::IntArrayRef as, at::IntArrayRef over) {
    return values.view(as).expand(over).reshape({-1});
  }
  static std::vector<std::int64_t> numbers(std::int64_t n) {
    std::vector<std::int64_t> result(static_cast<std::size_t>(n));
    std::iota(result.begin(), result.end(), 0);
    return result;
  }
  /// How many cells there are of each class, each of `of` standing for so many.
  static std::vector<std::int64_t> sizes_of(const std::vector<std::int64_t>& of, std::int64_t n,
                                            std::int64_t cells) {
    std::vector<std::int64_t> sizes(static_cast<std::size_t>(n), 0);
    for (const std::int64_t label : of) sizes[static_cast<std::size_t>(label)] += cells;
    return sizes;
  }

  /// The mean over the negative pairs less that over the positive ones.
  template <class T>
  static double mean_gap(const PairPlaces& places, const T* d) {
    struct Mean {
      double sum = 0, n = 0;
    } positive, negative;
    PairRows<T> rows(places);
    for (std::int64_t i = 0; i < places.n_anchors(); ++i) {
      const PairRow<T>& row = rows.load(i, d + i * places.n_others());
      positive.sum += sum_of(row.positives);
      positive.n += static_cast<double>(row.positives.size());
      negative.sum += sum_of(row.negatives);
      negative.n += static_cast<double>(row.negatives.size());
    }
    return negative.sum / std::max(negative.n, 1.0) - positive.sum / std::max(positive.n, 1.0);
  }

  /// Between which values x the terms [level − x]₊ are active and kept: first ≤ x < last.
  template <class T>
  struct Active {
    T first, last;
    Active(T level, const TermSum& bounds)
        : first(std::nextafter(static_cast<T>(level - bounds.high()),
                               std::numeric_limits<T>::infinity())),
          last(static_cast<T>(level - std::max(bounds.low(), 0.0))) {
      first = std::min(first, last);
    }
  };

  template <class T>
  void add_quadruplets(TermSum& terms, const PairPlaces& places, const Classes& classes, const T* d,
                       T gap, T* gradient) const {
    const std::int64_t n = places.n_anchors(), m = places.n_others();
    const bool has_high = terms.high() < kInfinity;
    const auto for_each_level = [&](std::int64_t i, auto f) {
      for_each_positive(places, i, [&](std::int64_t j) {
        const T level = d[i * m + j] + gap;
        f(i * m + j, level, Active<T>(level, terms));
      });
    };
    std::vector<T> levels;
    std::vector<std::vector<T>> class_levels(static_cast<std::size_t>(classes.n));
    for (std::int64_t i = 0; i < n; ++i)
      for_each_level(i, [&](std::int64_t, T, const Active<T>& active) {
        for (auto* to : {&levels, &class_levels[entry(classes.rows, i)]}) {
          to->push_back(active.last);
          if (has_high) to->push_back(active.first);
        }
      });
    if (levels.empty()) return;

    // All negative pairs, and of each class those in which it takes part.
    LevelSums<T> all(std::move(levels));
    std::vector<LevelSums<T>> of_class;
    for (auto& of : class_levels) of_class.emplace_back(std::move(of));
    for (std::int64_t i = 0; i < n; ++i)
      for_each_negative(places, i, [&](std::int64_t k) {
        const T x = d[i * m + k];
        all.add(x);
        of_class[entry(classes.rows, i)].add(x);
        of_class[entry(classes.columns, k)].add(x);
      });
    all.finish_values();
    for (auto& one : of_class) one.finish_values();

    struct Sums {
      double sum = 0;
      std::int64_t n_active = 0, n_kept = 0;
    };
    const auto of_level = [&](std::int64_t i, T level, const Active<T>& active) {
      const auto of = [&](const LevelSums<T>& sums) {
        auto below = sums.below(active.last);
        std::int64_t zeros = terms.keeps(0) ? sums.size() - below.count : 0;
        if (has_high) {
          const auto& beyond = sums.below(active.first);
          below.sum -= beyond.sum;
          below.count -= beyond.count;
        }
        return Sums{static_cast<double>(level) * static_cast<double>(below.count) - below.sum,
                    below.count, below.count + zeros};
      };
      const Sums with = of(all), without = of(of_class[entry(classes.rows, i)]);
      return Sums{with.sum - without.sum, with.n_active - without.n_active,
                  with.n_kept - without.n_kept};
    };
    std::vector<double> factors;
    for (std::int64_t i = 0; i < n; ++i) {
      double sum = 0;
      std::int64_t n_positives = 0, n_kept = 0;
      for_each_level(i, [&](std::int64_t, T level, const Active<T>& active) {
        const Sums is = of_level(i, level, active);
        sum += is.sum;
        n_kept += is.n_kept;
        ++n_positives;
      });
      const std::int64_t n_pairs = all.size() - of_class[entry(classes.rows, i)].size();
      factors.push_back(terms.add(i, sum, n_positives * n_pairs, n_kept));
    }

    for (std::int64_t i = 0; i < n; ++i) {
      const double factor = factors[static_cast<std::size_t>(i)] * terms.scale();
      for_each_level(i, [&](std::int64_t cell, T level, const Active<T>& active) {
        gradient[cell] +=
            static_cast<T>(factor * static_cast<double>(of_level(i, level, active).n_active));
        for (auto* sums : {&all, &of_class[entry(classes.rows, i)]}) {
          sums->add_slope(active.last, -factor);
          if (has_high) sums->add_slope(active.first, factor);
        }
      });
    }
    all.finish_slopes();
    for (auto& one : of_class) one.finish_slopes();
    for (std::int64_t i = 0; i < n; ++i)
      for_each_negative(places, i, [&](std::int64_t k) {
        const T x = d[i * m + k];
        gradient[i * m + k] +=
            static_cast<T>(all.slope(x) - of_class[entry(classes.rows, i)].slope(x) -
                           of_class[entry(classes.columns, k)].slope(x));
      });
  }
  static std::size_t entry(const std::vector<std::int64_t>& classes, std::int64_t i) {
    return static_cast<std::size_t>(classes[static_cast<std::size_t>(i)]);
  }

  double margin = 1;
  double second_margin = 0.5;
  bool adaptive_margin = false;
};

METRICLAB_PLUGIN(Quadruplet, "quadruplet");

}  // namespace
