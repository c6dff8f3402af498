// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/deep/batch.hpp>
#include <metriclab/deep/tuples.hpp>
#include <span>
#include <vector>

namespace metriclab {

/// Indices into the batch or its reference set; 32 bits, since kernels read B² of them.
using Index = std::int32_t;

/// The pairs of each anchor, whatever form the tuples came in:
/// - all: by label, without the anchor itself (in a separate reference set, Batch::own);
/// - pairs: as listed, repeats included;
/// - triplets: the different pairs (anchor, positive) and the different pairs (anchor, negative).
/// A triplet of such pairs is any positive with any negative of an anchor.
///
/// Memory: the tuples listed; for all, O(classes × R) with R the size of the second side. In
/// ascending order for all and triplets, in the order listed for pairs.
class AnchorPairs {
 public:
  AnchorPairs(const Batch& batch, const Tuples& tuples);

  /// B.
  std::int64_t n_anchors() const { return static_cast<std::int64_t>(labels_.size()); }
  /// R.
  std::int64_t n_others() const { return static_cast<std::int64_t>(other_labels_.size()); }
  std::span<const Index> positives(std::int64_t anchor) const;
  std::span<const Index> negatives(std::int64_t anchor) const;
  const std::vector<std::int64_t>& labels() const { return labels_; }
  const std::vector<std::int64_t>& other_labels() const { return other_labels_; }

 private:
  struct Lists {
    std::vector<Index> items;
    std::vector<std::int64_t> starts;  // one more than there are lists
    std::span<const Index> of(std::int64_t list) const;
  };
  static Lists grouped(const at::Tensor& anchors, const at::Tensor& items, std::int64_t n,
                       bool unique);

  std::vector<std::int64_t> labels_, other_labels_;
  std::vector<std::int64_t>
      negative_list_;  // of each anchor: for all, its class; otherwise the anchor itself
  Lists positives_, negatives_;
};

/// Triplets as listed, grouped by their anchor; nothing is copied where each anchor's stand
/// together already, as miners give them.
class AnchorTriplets {
 public:
  struct Others {
    std::int64_t positive, negative;
  };
  /// An anchor's triplets, for a range-based loop.
  class Range {
   public:
    struct Iterator {
      const std::int64_t *positive, *negative;
      Others operator*() const { return {*positive, *negative}; }
      Iterator& operator++() {
        ++positive;
        ++negative;
        return *this;
      }
      bool operator!=(const Iterator& other) const { return positive != other.positive; }
    };
    Range(Iterator begin, std::size_t size) : begin_(begin), size_(size) {}
    Iterator begin() const { return begin_; }
    Iterator end() const { return {begin_.positive + size_, begin_.negative + size_}; }
    std::size_t size() const { return size_; }

   private:
    Iterator begin_;
    std::size_t size_;
  };

  AnchorTriplets(const Batch& batch, const Tuples& tuples);
  Range of(std::int64_t anchor) const;

 private:
  struct Run {
    std::int64_t begin = 0, size = 0;
  };
  bool find_runs(const at::Tensor& anchors);

  at::Tensor positive_, negative_;  // (T) int64 in the CPU's memory
  std::vector<Run> runs_;           // of each anchor
};

/// The values of an int64 tensor on whatever device.
std::vector<std::int64_t> as_indices(const at::Tensor& tensor);
/// The other way round, (n) int64.
at::Tensor index_tensor(const std::vector<std::int64_t>& indices);
/// (n) float64.
at::Tensor double_tensor(const std::vector<double>& values);

/// Throws Error where the batch's labels don't fit its embeddings, or tuples point outside of it.
void check_batch(const Batch& batch);
void check_tuples(const Batch& batch, const Tuples& tuples);

}  // namespace metriclab
