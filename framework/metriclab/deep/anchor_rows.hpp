// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/deep/by_type.hpp>
#include <metriclab/deep/pair_rows.hpp>

namespace metriclab {

/// An anchor's distances to its positives and to its negatives, and which examples these are: their
/// places in the batch (in its reference set), as the anchor's is that in the batch.
template <class T>
struct AnchorRow {
  std::int64_t anchor = 0;
  std::span<const T> positives, negatives;
  std::span<const std::int64_t> positive_places, negative_places;
  std::int64_t row = 0;  // of the matrix of distances
};

/// A batch's matrix of distances, anchor by anchor: what miners choose from. The batch is grouped
/// by class, so that the distances of a row come in spans.
///
/// Memory: O(B²).
class AnchorRows {
 public:
  /// `distances`: (B × R) of the grouped batch, in the CPU's memory; `order`: where its rows stood.
  AnchorRows(Batch grouped, ClassOrder order, at::Tensor distances);

  const Batch& batch() const { return batch_; }
  const at::Tensor& distances() const { return distances_; }
  const PairPlaces& places() const { return places_; }
  std::int64_t n_anchors() const { return places_.n_anchors(); }

  /// Calls `f(const AnchorRow<T>&)` for each anchor, those of a class one after another.
  template <class F>
  void for_each(F f) const {
    by_type(distances_, [&]<class T>(T) { for_each<T>(f); });
  }
  /// T is what the distances are of.
  template <class T, class F>
  void for_each(F f) const {
    const T* d = distances_.data_ptr<T>();
    PairRows<T> rows(places_);
    Names names;
    for (std::int64_t i = 0; i < places_.n_anchors(); ++i) {
      const PairRow<T>& row = rows.load(i, d + i * places_.n_others());
      find_names(i, names);
      f(AnchorRow<T>{name(i), row.positives, row.negatives, names.positives, names.negatives, i});
    }
  }

  /// Of any row (R) of distances to the second side, those that stand where the row's negatives do.
  template <class T>
  void negatives_of(std::int64_t row, const T* distances, T* to) const {
    const PairPlaces::Ranges ranges = places_.negative_ranges(row);
    for (int part = 0; part < 2; ++part)
      to = std::copy(distances + ranges.begin[part], distances + ranges.end[part], to);
  }

 private:
  struct Names {
    std::vector<std::int64_t> positives, negatives;
    std::int64_t of = -1;  // a row of the class whose negatives those are
  };
  std::int64_t name(std::int64_t row) const { return order_.rows[static_cast<std::size_t>(row)]; }
  void find_names(std::int64_t row, Names& names) const;

  Batch batch_;
  ClassOrder order_;
  at::Tensor distances_;
  PairPlaces places_;
};

/// The first of several as far, as near; of none, 0.
template <class T>
std::size_t farthest_of(std::span<const T> distances);
template <class T>
std::size_t nearest_of(std::span<const T> distances);
/// The same among those with low < distance − shift < high; none: there is none.
template <class T>
std::optional<std::size_t> farthest_within(std::span<const T> distances, T shift, Kept<T> kept);
template <class T>
std::optional<std::size_t> nearest_within(std::span<const T> distances, T shift, Kept<T> kept);

}  // namespace metriclab
