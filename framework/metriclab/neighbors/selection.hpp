// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

namespace metriclab {

/// The k nearest of the examples offered so far, one query's. Each comes with bounds of its
/// distance, and is measured only where the bounds leave its place open. Memory O(k).
template <class Scalar>
class Selection {
 public:
  struct Candidate {
    Scalar low, high;  // bounds of the distance
    bool measured = false;
    std::int64_t index = 0;
    double distance = 0;  // once measured
  };

  explicit Selection(std::int64_t k) : k_(static_cast<std::size_t>(k)), capacity_(3 * k_ + 32) {
    candidates_.reserve(capacity_);
  }

  /// What has a greater lower bound is not among the k nearest.
  Scalar threshold() const { return threshold_; }

  /// Adds one whose lower bound is at most the threshold. `measure(index)` gives distances where
  /// they are needed.
  template <class Measure>
  void offer(Scalar low, Scalar high, std::int64_t index, const Measure& measure) {
    candidates_.push_back({.low = low, .high = high, .index = index});
    if (candidates_.size() == capacity_) reduce(measure);
  }

  /// The k nearest in order, ties by index; at least k must have been offered.
  template <class Measure>
  const std::vector<Candidate>& finish(const Measure& measure) {
    lower_threshold();
    keep_nearest(measure);
    std::sort(candidates_.begin(), candidates_.end(), nearer);
    return candidates_;
  }

 private:
  static bool nearer(const Candidate& a, const Candidate& b) {
    return a.distance < b.distance || (a.distance == b.distance && a.index < b.index);
  }

  /// To the k-th upper bound: k examples are at most that far.
  void lower_threshold() {
    if (candidates_.size() < k_) return;
    std::nth_element(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(k_ - 1),
                     candidates_.end(),
                     [](const Candidate& a, const Candidate& b) { return a.high < b.high; });
    threshold_ = std::min(threshold_, candidates_[k_ - 1].high);
    std::erase_if(candidates_,
                  [&](const Candidate& candidate) { return candidate.low > threshold_; });
  }

  template <class Measure>
  void keep_nearest(const Measure& measure) {
    for (Candidate& candidate : candidates_) {
      if (candidate.measured) continue;
      candidate.distance = measure(candidate.index);
      candidate.measured = true;
    }
    if (candidates_.size() <= k_) return;
    std::nth_element(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(k_ - 1),
                     candidates_.end(), nearer);
    candidates_.resize(k_);
  }

  template <class Measure>
  void reduce(const Measure& measure) {
    lower_threshold();
    if (candidates_.size() > 2 * k_ + 16) keep_nearest(measure);
  }

  std::size_t k_, capacity_;
  Scalar threshold_ = std::numeric_limits<Scalar>::infinity();
  std::vector<Candidate> candidates_;
};

/// Calls `found(j)` for each j < n, in order, with values[j] + added[j] ≤ threshold. For rows of
/// which few are.
template <class Scalar, class Found>
void for_each_within(const Scalar* values, const Scalar* added, std::int64_t n, Scalar threshold,
                     Found found) {
  constexpr std::int64_t kBlock = 64;
  for (std::int64_t begin = 0; begin < n; begin += kBlock) {
    const std::int64_t count = std::min(kBlock, n - begin);
    alignas(64) std::uint8_t within[kBlock];
    if (count == kBlock) {
      // A loop of a fixed length without branches, which the compiler turns into vector
      // instructions.
      for (std::int64_t j = 0; j < kBlock; ++j)
        within[j] = values[begin + j] + added[begin + j] <= threshold;
    } else {
      for (std::int64_t j = 0; j < count; ++j)
        within[j] = values[begin + j] + added[begin + j] <= threshold;
      std::fill(within + count, within + kBlock, std::uint8_t{0});
    }
    for (std::int64_t eight = 0; eight < kBlock; eight += 8) {
      std::uint64_t any = 0;
      std::memcpy(&any, within + eight, sizeof any);
      if (any == 0) continue;
      for (std::int64_t j = eight; j < eight + 8; ++j)
        if (within[j]) found(begin + j);
    }
  }
}

}  // namespace metriclab
