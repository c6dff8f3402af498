// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <limits>
#include <memory>
#include <metriclab/neighbors/scan.hpp>
#include <metriclab/neighbors/tiles.hpp>
#include <utility>
#include <vector>

namespace metriclab {

/// A gallery row, and its distance as `Measure` gives it.
struct Found {
  double distance;
  std::int64_t index;
  friend bool operator<(const Found& a, const Found& b) {
    return a.distance < b.distance || (a.distance == b.distance && a.index < b.index);
  }
};

/// The gallery rows index(0) … index(n − 1) with their distances from a query.
template <class Scalar, class Index>
void measure_each(const Measure<Scalar>& measure, std::int64_t query, std::int64_t n,
                  const Index& index, std::vector<Found>& found) {
  constexpr std::int64_t kAhead = 4;
  found.resize(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) {
    if (i + kAhead < n) measure.expect(index(i + kAhead));
    found[static_cast<std::size_t>(i)] = {.distance = measure(query, index(i)), .index = index(i)};
  }
}

/// Of each of some queries, the k nearest among the examples offered so far. An example comes with
/// bounds of its distance, and is measured only where the bounds leave its place open. Different
/// queries' selections may be added to at the same time.
/// Memory: about 2k + 48 candidates of 12 bytes a query (24 in double).
template <class Scalar>
class NearestSelections {
 public:
  /// Of queries first … first + count − 1, of which no example with a key above `limits` (empty:
  /// none) is wanted.
  NearestSelections(const Measure<Scalar>& measure, std::int64_t first, std::int64_t count,
                    std::int64_t k, std::vector<Scalar> limits)
      : measure_(measure),
        first_(first),
        k_(k),
        capacity_(std::min(2 * k + 48, measure.gallery().n())),
        thresholds_(std::move(limits)),
        sizes_(static_cast<std::size_t>(count), 0),
        candidates_(std::make_unique_for_overwrite<Candidate[]>(
            static_cast<std::size_t>(count * capacity_))) {
    if (thresholds_.empty())
      thresholds_.assign(static_cast<std::size_t>(count), std::numeric_limits<Scalar>::infinity());
    // Strips go beyond the end.
    thresholds_.resize(thresholds_.size() + kStrip, -std::numeric_limits<Scalar>::infinity());
  }

  /// Of each query: what has a greater lower bound is not among its k nearest.
  const Scalar* thresholds() const { return thresholds_.data(); }

  /// Adds one whose lower bound is at most the threshold.
  void offer(std::int64_t row, Scalar low, Scalar high, std::int64_t index) {
    std::int32_t& size = sizes_[static_cast<std::size_t>(row)];
    of(row)[size] = {.low = low, .high = high, .index = static_cast<std::int32_t>(index)};
    if (++size == capacity_) reduce(row);
  }

  /// The k nearest in order, ties by index; fewer where fewer were offered.
  void finish(std::int64_t row, std::vector<Found>& nearest) {
    lower_threshold(row, 0);
    measure_all(row, nearest);
    std::sort(nearest.begin(), nearest.end());
    if (static_cast<std::int64_t>(nearest.size()) > k_)
      nearest.resize(static_cast<std::size_t>(k_));
  }

 private:
  struct Candidate {
    Scalar low, high;  // bounds of the distance
    std::int32_t index;
  };

  Candidate* of(std::int64_t row) { return candidates_.get() + row * capacity_; }

  /// To about the k-th upper bound, at most `spare` more: k examples are that far or nearer.
  void lower_threshold(std::int64_t row, std::int64_t spare) {
    std::int32_t& size = sizes_[static_cast<std::size_t>(row)];
    if (size < k_) return;
    thread_local std::vector<Scalar> highs;
    highs.resize(static_cast<std::size_t>(size));
    Candidate* candidates = of(row);
    for (std::int32_t i = 0; i < size; ++i) highs[static_cast<std::size_t>(i)] = candidates[i].high;
    Scalar& threshold = thresholds_[static_cast<std::size_t>(row)];
    threshold = std::min(threshold, near_kth(highs.data(), size, k_, spare));
    std::int32_t kept = 0;
    for (std::int32_t i = 0; i < size; ++i) {
      const Candidate candidate = candidates[i];
      candidates[kept] = candidate;
      kept += candidate.low <= threshold;
    }
    size = kept;
  }

  void measure_all(std::int64_t row, std::vector<Found>& found) {
    const std::int32_t size = sizes_[static_cast<std::size_t>(row)];
    const Candidate* candidates = of(row);
    measure_each(
        measure_, first_ + row, size, [=](std::int64_t i) { return candidates[i].index; }, found);
  }

  void reduce(std::int64_t row) {
    lower_threshold(row, k_ / 8);
    std::int32_t& size = sizes_[static_cast<std::size_t>(row)];
    if (size <= k_ + (capacity_ - k_) / 2) return;
    // The bounds leave too many open: they are measured, and the farther ones dropped.
    thread_local std::vector<Found> found;
    measure_all(row, found);
    std::vector<std::pair<Found, Candidate>> order;
    for (std::int32_t i = 0; i < size; ++i)
      order.push_back({found[static_cast<std::size_t>(i)], of(row)[i]});
    std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(k_ - 1),
                     order.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    size = static_cast<std::int32_t>(k_);
    for (std::int32_t i = 0; i < size; ++i) of(row)[i] = order[static_cast<std::size_t>(i)].second;
  }

  const Measure<Scalar>& measure_;
  std::int64_t first_, k_, capacity_;
  std::vector<Scalar> thresholds_;
  std::vector<std::int32_t> sizes_;
  std::unique_ptr<Candidate[]> candidates_;  // (count × capacity)
};

/// Of each of some queries, all examples offered: those with a key of at most its limit.
template <class Scalar>
class WithinSelections {
 public:
  WithinSelections(const Measure<Scalar>& measure, std::int64_t first, std::int64_t count,
                   std::vector<Scalar> limits)
      : measure_(measure),
        first_(first),
        thresholds_(std::move(limits)),
        indices_(static_cast<std::size_t>(count)) {
    thresholds_.resize(thresholds_.size() + kStrip, -std::numeric_limits<Scalar>::infinity());
  }

  const Scalar* thresholds() const { return thresholds_.data(); }
  void offer(std::int64_t row, Scalar, Scalar, std::int64_t index) {
    indices_[static_cast<std::size_t>(row)].push_back(static_cast<std::int32_t>(index));
  }
  /// All of them in order, ties by index.
  void finish(std::int64_t row, std::vector<Found>& found) {
    std::vector<std::int32_t>& indices = indices_[static_cast<std::size_t>(row)];
    measure_each(
        measure_, first_ + row, static_cast<std::int64_t>(indices.size()),
        [&](std::int64_t i) { return indices[static_cast<std::size_t>(i)]; }, found);
    std::sort(found.begin(), found.end());
    std::vector<std::int32_t>().swap(indices);
  }

 private:
  const Measure<Scalar>& measure_;
  std::int64_t first_;
  std::vector<Scalar> thresholds_;
  std::vector<std::vector<std::int32_t>> indices_;
};

}  // namespace metriclab
