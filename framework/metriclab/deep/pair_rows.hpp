// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/row_math.hpp>
#include <optional>
#include <span>
#include <vector>

namespace metriclab {

/// The rows of a batch in ascending order of their classes, and the reference set's likewise, so
/// that an anchor's positives stand together; the batch itself where they are so already.
Batch grouped(const Batch& batch);
/// Where in the batch, and in the second side, each row of a grouped batch stood.
struct ClassOrder {
  std::vector<std::int64_t> rows, others;
};
Batch grouped(const Batch& batch, ClassOrder& order);

/// Where each anchor's positives and negatives stand in its row of distances. For all tuples these
/// are ranges of columns, and the batch must be grouped; for tuples given they are lists.
///
/// Memory: O(B + R), and the tuples listed.
class PairPlaces {
 public:
  PairPlaces(const Batch& batch, const Tuples& tuples);

  std::int64_t n_anchors() const { return static_cast<std::int64_t>(labels_.size()); }
  std::int64_t n_others() const { return n_others_; }
  const std::vector<std::int64_t>& labels() const { return labels_; }

  /// Two ranges of columns, from … to; either may be empty.
  struct Ranges {
    std::array<std::int64_t, 2> begin{}, end{};
    std::int64_t size() const { return end[0] - begin[0] + end[1] - begin[1]; }
  };
  bool is_listed() const { return listed_.has_value(); }
  Ranges positive_ranges(std::int64_t anchor) const;
  Ranges negative_ranges(std::int64_t anchor) const;
  std::span<const Index> positive_list(std::int64_t anchor) const {
    return listed_->positives(anchor);
  }
  std::span<const Index> negative_list(std::int64_t anchor) const {
    return listed_->negatives(anchor);
  }
  /// The column of a positive or negative by its number among them.
  std::int64_t positive(std::int64_t anchor, std::size_t k) const;
  std::int64_t negative(std::int64_t anchor, std::size_t k) const;

 private:
  std::vector<std::int64_t> labels_;
  std::int64_t n_others_ = 0;
  std::vector<std::int64_t> class_begin_, class_end_;  // the columns of the anchor's class
  std::vector<std::int64_t> own_;                      // the anchor's own column, or −1
  std::optional<AnchorPairs> listed_;
};

/// An anchor's distances to its positives and to its negatives, and places for the gradient with
/// respect to them, at first 0.
template <class T>
struct PairRow {
  std::int64_t anchor = 0;
  std::span<const T> positives, negatives;
  std::span<T> positive_gradient, negative_gradient;
};

/// The rows of a matrix of distances, one at a time.
template <class T>
class PairRows {
 public:
  explicit PairRows(const PairPlaces& places) : places_(places) {}

  /// From the anchor's row of distances, (R).
  const PairRow<T>& load(std::int64_t anchor, const T* distances);
  /// To the anchor's row of the gradient, all of which is written.
  void store(T* gradient) const;
  /// The same, added to what is there.
  void add_to(T* gradient) const;
  /// Of another row of distances, (R), those that stand where the loaded row's negatives do.
  void negatives_of(const T* distances, std::span<T> to) const;
  /// The other way round: added to such a row of the gradient.
  void add_to_negatives(std::span<const T> from, T* gradient) const;
  /// Multiplies the positives' part of a row of the gradient.
  void scale_positives(std::int64_t anchor, T factor, T* gradient) const;

 private:
  const PairPlaces& places_;
  PairRow<T> row_;
  std::vector<T> positives_, negatives_, positive_gradient_, negative_gradient_;
};

extern template class PairRows<float>;
extern template class PairRows<double>;

}  // namespace metriclab
