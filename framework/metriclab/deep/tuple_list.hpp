// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <metriclab/deep/row_math.hpp>
#include <metriclab/deep/tuples.hpp>
#include <metriclab/plugin/random.hpp>
#include <optional>
#include <span>

namespace metriclab {

/// A list of int64 that becomes a tensor without being copied: tuples may be a hundred million, and
/// growing moves them by remapping pages.
class IndexList {
 public:
  IndexList() = default;
  ~IndexList();
  IndexList(const IndexList&) = delete;
  IndexList& operator=(const IndexList&) = delete;

  std::int64_t size() const { return size_; }
  std::int64_t& operator[](std::int64_t i) { return data_[i]; }
  /// Where `n` more can be written, of which the list takes in the first so many by `take_in`.
  std::int64_t* room(std::int64_t n);
  void take_in(std::int64_t n) { size_ += n; }
  void push_back(std::int64_t index) {
    *room(1) = index;
    ++size_;
  }
  void append(std::int64_t index, std::int64_t times);
  void cut(std::int64_t size) { size_ = size; }
  /// (size) int64; the list is empty afterwards.
  at::Tensor release();

 private:
  std::int64_t* data_ = nullptr;
  std::int64_t size_ = 0, capacity_ = 0;
};

/// The tuples that a miner finds, anchor after anchor; with a limit, of each anchor's triplets (of
/// its positive pairs, of its negative pairs) no more than so many are kept, drawn without
/// replacement as soon as the next anchor's turn comes.
///
/// Memory: the tuples kept, and one anchor's.
class TupleList {
 public:
  TupleList(std::optional<std::int64_t> per_anchor, Random& random)
      : per_anchor_(per_anchor), random_(random) {}

  void add_triplet(std::int64_t anchor, std::int64_t positive, std::int64_t negative);
  void add_positive(std::int64_t anchor, std::int64_t positive);
  void add_negative(std::int64_t anchor, std::int64_t negative);

  // The same for all k with low < x_k − shift < high: negatives (positives) are places_k.

  template <class T>
  void add_triplets(std::int64_t anchor, std::int64_t positive, std::span<const T> x, T shift,
                    Kept<T> kept, std::span<const std::int64_t> places);
  template <class T>
  void add_positives(std::int64_t anchor, std::span<const T> x, Kept<T> kept,
                     std::span<const std::int64_t> places);
  template <class T>
  void add_negatives(std::int64_t anchor, std::span<const T> x, Kept<T> kept,
                     std::span<const std::int64_t> places);

  /// All that has been added; the list is empty afterwards.
  Tuples triplets();
  Tuples pairs();

 private:
  /// Tuples of one sort, the first list being the anchors.
  struct Part {
    explicit Part(std::size_t n) : n_lists(n) {}
    std::array<IndexList, 3> lists;
    std::size_t n_lists;
    std::int64_t anchor = -1, begin = 0;  // the last one's, and where its tuples begin
  };
  void turn_to(Part& part, std::int64_t anchor);
  template <class T>
  void add_pairs(Part& part, std::int64_t anchor, std::span<const T> x, Kept<T> kept,
                 std::span<const std::int64_t> places);

  std::optional<std::int64_t> per_anchor_;
  Random& random_;
  Part triplets_{3}, positives_{2}, negatives_{2};
};

}  // namespace metriclab
