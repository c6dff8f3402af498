// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/neighbors/measure.hpp>
#include <metriclab/neighbors/tiles.hpp>
#include <span>
#include <vector>

namespace metriclab {

/// The ranks that one query's relevant gallery examples have among all others, which come tile by
/// tile.
///
/// A key stands for a distance t: key ≤ t ≤ key + width. Relevant ones whose keys are so near that
/// one other may be open against both form a chain. An other that is open against a chain waits
/// until it has been measured: by whoever can do so for many queries at a time, since the rows that
/// one query leaves open lie far apart.
///
/// Few relevant ones: others are counted against the ends of each chain, some at a time. Many: the
/// range of their keys is cut into equal bins; an other counts for its bin, save in those bins that
/// a relevant one's uncertainty reaches, where it is compared.
template <class Scalar>
class RowRanking {
 public:
  struct Relevant {
    Scalar key;
    std::int64_t at;  // its row of the gallery
  };

  /// An other whose place is open until its distance is known.
  struct Open {
    double distance;
    std::int64_t at;  // its row of the gallery
    std::size_t chain;
  };
  /// What a query needs until `close`, and the next one then.
  struct Bins {
    std::int64_t n = 0;
    Scalar least = 0, scale = 0;
    std::vector<std::uint32_t> counts;  // of others in each bin; the top bit: look closer
    std::vector<std::uint32_t> start;   // of each bin, its first relevant one
    std::vector<Relevant> sorted;
  };

  /// `order`: of each gallery row, what ties go by.
  RowRanking(const Measure<Scalar>& measure, const std::vector<std::int64_t>& order, Bins& bins)
      : measure_(measure), order_(order), bins_(bins) {}

  /// A new query. Afterwards `relevant` is in use until `finish`.
  void begin(std::int64_t query, double width, std::vector<Relevant>& relevant);
  /// Others: gallery rows from `first` on, whose keys are values + low.
  void offer(const Scalar* values, const Scalar* low, std::int64_t count, std::int64_t first);
  /// All have been offered. Those of `open` are to be measured before `finish`.
  void close();
  std::vector<Open>& open() { return open_; }
  const std::vector<std::int64_t>& finish();

 private:
  static constexpr std::int64_t kFew = 8;
  static constexpr std::int64_t kBeyond = 16;  // bins for what is farther than all relevant ones

  struct Chain {
    std::size_t begin, end;
    Scalar low, high;        // keys outside of these are not open against it
    std::int64_t below = 0;  // others that are surely nearer; for few
  };

  bool few() const { return static_cast<std::int64_t>(relevant_->size()) <= kFew; }
  std::int64_t bin(Scalar key) const;
  void sort_by_bins();
  void find_chains();
  void mark_bins();
  void offer_to_few(const Scalar* keys, std::int64_t n, std::int64_t first);
  void offer_to_bins(const Scalar* keys, std::int64_t count, std::int64_t first);
  void place(Scalar key, std::int64_t at, std::size_t from, std::size_t to);
  void settle();

  const Measure<Scalar>& measure_;
  const std::vector<std::int64_t>& order_;
  Bins& bins_;
  std::int64_t query_ = 0;
  double width_ = 0;
  std::vector<Relevant>* relevant_ = nullptr;
  std::vector<Chain> chains_;
  std::vector<std::uint32_t> chain_;  // of each relevant one
  /// How many others stand just before each relevant one, and after the last of each chain: that of
  /// chain c, at p, is before_[p + c].
  std::vector<std::int64_t> before_;
  std::vector<Open> open_;
  std::vector<std::pair<double, std::int64_t>> members_;
  std::vector<std::int64_t> ranks_;
};

}  // namespace metriclab
