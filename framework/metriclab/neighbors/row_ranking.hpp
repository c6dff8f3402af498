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
/// one other may be open against both form a chain. An other that is open against a chain is
/// measured, and waits until there are enough of them, or no more, for the chain's members to be
/// measured as well.
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

  /// `order`: of each gallery row, what ties go by.
  RowRanking(const Measure<Scalar>& measure, const std::vector<std::int64_t>& order)
      : measure_(measure), order_(order) {}

  /// The relevant ones of the next query, to be filled in before `begin`.
  std::vector<Relevant>& relevant() { return relevant_; }
  void begin(std::int64_t query, double width);
  /// Others: gallery rows from `first` on, whose keys are values + low.
  void offer(const Scalar* values, const Scalar* low, std::int64_t count, std::int64_t first);
  /// All have been offered. The ranks, in use until the next `begin`.
  const std::vector<std::int64_t>& finish();
  /// How many others were measured since `begin`.
  std::int64_t measured() const { return measured_; }

  /// How much memory a query with so many relevant ones goes through at random, in bytes.
  static std::int64_t working_set(std::int64_t relevant, std::int64_t gallery);

 private:
  static constexpr std::int64_t kFew = 8;
  static constexpr std::int64_t kBeyond = 16;  // bins for what is farther than all relevant ones

  struct Chain {
    std::size_t begin, end;
    Scalar low, high;        // keys outside of these are not open against it
    std::int64_t below = 0;  // others that are surely nearer; for few
  };

  /// An other whose place is open.
  struct Open {
    double distance;
    std::int64_t at;  // its row of the gallery
    std::size_t chain;
  };
  struct Bins {
    std::int64_t n = 0;
    Scalar least = 0, scale = 0;
    std::vector<std::uint32_t> counts;  // of others in each bin; the top bit: look closer
    std::vector<std::uint32_t> start;   // of each bin, its first relevant one
    std::vector<Relevant> sorted;
  };

  bool few() const { return static_cast<std::int64_t>(relevant_.size()) <= kFew; }
  static std::int64_t n_bins(std::int64_t relevant, std::int64_t gallery);
  std::int64_t bin(Scalar key) const;
  void sort_by_bins();
  void find_chains();
  void mark_bins();
  void offer_to_few(const Scalar* keys, std::int64_t n, std::int64_t first);
  void offer_to_bins(const Scalar* keys, std::int64_t count, std::int64_t first);
  void place(Scalar key, std::int64_t at, std::size_t from, std::size_t to);
  void measure_from(std::size_t first);
  void settle();
  void add_bins();

  const Measure<Scalar>& measure_;
  const std::vector<std::int64_t>& order_;
  Bins bins_;
  std::int64_t query_ = 0;
  double width_ = 0;
  std::int64_t measured_ = 0;
  std::vector<Relevant> relevant_;
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
