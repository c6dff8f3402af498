// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/deep/pair_rows.hpp>
#include <metriclab/deep/reducer.hpp>
#include <vector>

namespace metriclab {

/// [level − x]₊ for many levels and many values x at once: with the values sorted, those that are a
/// part of one level's terms are neighbours, and prefix sums give their total.
///
/// For m values and k levels: O((m + k) log m) time, O(m) memory, however many of the k·m terms are
/// above 0.
template <class T>
class SortedHinge {
 public:
  /// What one level's terms come to.
  struct Terms {
    double sum = 0;  // of the terms between the bounds
    std::int64_t n_active =
        0;                    // of those, how many are above 0: the slope with respect to the level
    std::int64_t n_kept = 0;  // of all, how many are between the bounds
    std::size_t first = 0, last = 0;  // places of the active values in `values()`
  };
  struct Value {
    T x;
    std::int64_t index;
  };

  /// Begins anew. Values not below `reach`, the greatest level that will be asked for, are counted
  /// and not sorted.
  void clear(T reach);
  void insert(T x, std::int64_t index);
  /// To be called when all are in. `is_sorted`: they came in ascending order.
  void finish(bool is_sorted = false);

  /// The terms [level − x]₊ over all the values, kept where bounds.low() < term < bounds.high().
  Terms terms(T level, const TermSum& bounds) const;
  std::int64_t size() const { return n_; }

  /// The gradient with respect to the values: each active value of those terms gets −factor.
  void add_gradient(const Terms& terms, double factor);
  /// Calls f(index, gradient) for every value with a gradient.
  template <class F>
  void for_each_gradient(F f) const {
    double sum = 0;
    for (std::size_t k = 0; k < values_.size(); ++k) {
      sum -= steps_[k];
      f(values_[k].index, sum);
    }
  }
  /// In ascending order, equal ones by index; those below `reach`.
  const std::vector<Value>& values() const { return values_; }

 private:
  T reach_ = 0;
  std::int64_t n_ = 0;
  std::vector<Value> values_;
  std::vector<double> sums_, steps_;
};

extern template class SortedHinge<float>;
extern template class SortedHinge<double>;

/// All the triplets of one anchor, [d(a, p) − d(a, n) + margin]₊: adds them to `terms`, and their
/// gradient to the row's, but for the factor `terms.scale()`. Few positives are gone through one by
/// one, many by sorting the negatives.
template <class T>
void add_triplet_hinges(TermSum& terms, const PairRow<T>& row, T margin, SortedHinge<T>& scratch);

extern template void add_triplet_hinges(TermSum&, const PairRow<float>&, float,
                                        SortedHinge<float>&);
extern template void add_triplet_hinges(TermSum&, const PairRow<double>&, double,
                                        SortedHinge<double>&);

}  // namespace metriclab
