// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace metriclab {

/// For few levels and many values: how many values are below a level and what they come to, and for
/// each value the slopes of the levels above it. Values are not kept: one belongs to an interval
/// between neighbouring levels, and prefix sums over the intervals are exact for every level.
///
/// For k levels and m values: O(k log k + m) time where the levels are spread evenly, O((k + m) log
/// k) at worst; O(k) memory.
template <class T>
class LevelSums {
 public:
  struct Below {
    double sum = 0;
    std::int64_t count = 0;
  };

  /// Those that will be asked for; NaN is none.
  explicit LevelSums(std::vector<T> levels) : levels_(std::move(levels)) {
    std::erase_if(levels_, [](T level) { return !(level == level); });
    std::sort(levels_.begin(), levels_.end());
    levels_.erase(std::unique(levels_.begin(), levels_.end()), levels_.end());
    below_.resize(levels_.size() + 1);
    slopes_.resize(levels_.size() + 1);
    lay_grid();
  }

  void add(T x) {
    Below& is = below_[interval(x)];
    is.sum += static_cast<double>(x);
    ++is.count;
  }
  /// To be called when all values are in.
  void finish_values() {
    for (std::size_t k = 1; k < below_.size(); ++k) {
      below_[k].sum += below_[k - 1].sum;
      below_[k].count += below_[k - 1].count;
    }
  }
  /// Of the values x < level, one of the levels.
  const Below& below(T level) const { return below_[place(level)]; }
  std::int64_t size() const { return below_.back().count; }

  /// Each value x < level gets this slope.
  void add_slope(T level, double slope) { slopes_[place(level)] += slope; }
  void finish_slopes() {
    for (std::size_t k = slopes_.size() - 1; k > 0; --k) slopes_[k - 1] += slopes_[k];
  }
  /// What a value gets of all.
  double slope(T x) const { return slopes_[interval(x)]; }

 private:
  std::size_t place(T level) const {
    return static_cast<std::size_t>(std::lower_bound(levels_.begin(), levels_.end(), level) -
                                    levels_.begin());
  }

  /// How many levels are ≤ x. The cell of x in an even grid leaves few to be compared with: cells
  /// rise with x, whatever the rounding, so levels of lower cells are below it, of higher ones
  /// above.
  std::size_t interval(T x) const {
    if (levels_.empty() || !(x >= levels_.front())) return 0;
    if (!(x < levels_.back())) return levels_.size();
    const std::size_t cell = cell_of(x);
    std::size_t k = first_[cell];
    const std::size_t end = first_[cell + 1];
    constexpr std::size_t kFew = 8;
    if (end - k > kFew)
      return static_cast<std::size_t>(
          std::upper_bound(levels_.begin() + static_cast<std::ptrdiff_t>(k),
                           levels_.begin() + static_cast<std::ptrdiff_t>(end), x) -
          levels_.begin());
    while (k < end && levels_[k] <= x) ++k;
    return k;
  }

  std::size_t cell_of(T x) const {
    const T at = (x - levels_.front()) * cells_per_unit_;
    return at < static_cast<T>(n_cells_) ? static_cast<std::size_t>(at) : n_cells_;
  }

  void lay_grid() {
    constexpr std::size_t kCellsPerLevel = 4;
    n_cells_ = kCellsPerLevel * levels_.size();
    first_.assign(n_cells_ + 2, 0);
    if (levels_.empty()) return;
    const T range = levels_.back() - levels_.front();
    const T cells = static_cast<T>(n_cells_) / range;
    cells_per_unit_ = cells <= std::numeric_limits<T>::max() ? cells : T(0);
    for (const T level : levels_) ++first_[cell_of(level) + 1];
    for (std::size_t cell = 1; cell < first_.size(); ++cell) first_[cell] += first_[cell - 1];
  }

  std::vector<T> levels_;
  std::vector<Below> below_;    // by interval, then up to it
  std::vector<double> slopes_;  // by place, then from it on
  std::size_t n_cells_ = 0;
  T cells_per_unit_ = 0;
  std::vector<std::uint32_t> first_;  // of each cell, the place of its first level
};

}  // namespace metriclab
