// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <bit>
#include <limits>
#include <metriclab/data/wide.hpp>
#include <metriclab/neighbors/scan.hpp>
#include <type_traits>

namespace metriclab {
namespace {

/// `within(j)` for j < kStrip as bits, bit s of word l for j = s·kLanes + l: one comparison of a
/// wide register sets one bit of all words.
template <class Scalar, class Within>
[[gnu::always_inline]] inline void find(Positions& found, Within within) {
  using Word = std::conditional_t<sizeof(Scalar) == 4, std::uint32_t, std::uint64_t>;
  constexpr std::int64_t kLanes = 64 / sizeof(Scalar), kSteps = 8 * sizeof(Word);
  static_assert(kLanes * kSteps == kStrip);
  Word words[kLanes], any = 0;
  // Unrolled, the lanes' loop is one that the compiler turns into vector instructions.
  for (std::int64_t lane = 0; lane < kLanes; ++lane) {
    Word word = 0;
#pragma GCC unroll 64
    for (std::int64_t s = 0; s < kSteps; ++s)
      word |= within(s * kLanes + lane) ? Word{1} << s : Word{0};
    words[lane] = word;
    any |= word;
  }
  std::int32_t* to = found.at;
  // Few words have more than two bits: two are written without asking, which spares branches that
  // no processor foresees.
  for (std::int64_t lane = 0; any != 0 && lane < kLanes; ++lane) {
    Word word = words[lane];
    const std::int64_t count = std::popcount(word);
    const auto write = [&](std::int64_t i) __attribute__((always_inline)) {
      constexpr Word kLast = Word{1} << (kSteps - 1);
      to[i] = static_cast<std::int32_t>(std::countr_zero(word | kLast) * kLanes + lane);
      word &= word - 1;
    };
    write(0);
    write(1);
    for (std::int64_t i = 2; i < count; ++i) write(i);
    to += count;
  }
  found.count = to - found.at;
}

template <class Scalar>
[[gnu::always_inline]] inline void scan_row(const Scalar* values, const Scalar* added,
                                            Scalar threshold, Positions& found) {
  find<Scalar>(
      found, [=](std::int64_t j)
                 __attribute__((always_inline)) { return values[j] + added[j] <= threshold; });
}
template <class Scalar>
[[gnu::always_inline]] inline void scan_columns(const Scalar* values, Scalar added,
                                                const Scalar* thresholds, Positions& found) {
  find<Scalar>(
      found, [=](std::int64_t j)
                 __attribute__((always_inline)) { return values[j] + added <= thresholds[j]; });
}

/// The number as an integer of the same order, and back.
template <class Integer>
[[gnu::always_inline]] inline Integer in_order(Integer bits) {
  return bits ^ ((bits >> (8 * sizeof(Integer) - 1)) & std::numeric_limits<Integer>::max());
}

template <class Integer, class Scalar>
[[gnu::always_inline]] inline Scalar find_near_kth(const Scalar* values, std::int64_t n,
                                                   std::int64_t k, std::int64_t spare) {
  static_assert(sizeof(Integer) == sizeof(Scalar));
  const auto integer = [&](std::int64_t i) __attribute__((always_inline)) {
    return in_order(std::bit_cast<Integer>(values[i]));
  };
  Integer low = std::numeric_limits<Integer>::max(), high = std::numeric_limits<Integer>::min();
  for (std::int64_t i = 0; i < n; ++i) {
    low = std::min(low, integer(i));
    high = std::max(high, integer(i));
  }
  // The k-th is above `low`, or the least; at least k are at most `high`.
  Integer kth = high;
  for (std::int64_t count = n; count > k + spare && low < high;) {
    // Without overflow: the half of a sum of two integers, rounded down.
    const Integer middle = (low & high) + ((low ^ high) >> 1);
    Integer at_most = 0;
    for (std::int64_t i = 0; i < n; ++i) at_most += integer(i) <= middle;
    if (at_most < k) {
      low = middle + 1;
    } else {
      kth = high = middle;
      count = at_most;
    }
  }
  return std::bit_cast<Scalar>(in_order(kth));
}

}  // namespace

METRICLAB_WIDE void scan(const float* values, const float* added, float threshold,
                         Positions& found) {
  scan_row(values, added, threshold, found);
}
METRICLAB_WIDE void scan(const double* values, const double* added, double threshold,
                         Positions& found) {
  scan_row(values, added, threshold, found);
}
METRICLAB_WIDE void scan(const float* values, float added, const float* thresholds,
                         Positions& found) {
  scan_columns(values, added, thresholds, found);
}
METRICLAB_WIDE void scan(const double* values, double added, const double* thresholds,
                         Positions& found) {
  scan_columns(values, added, thresholds, found);
}
METRICLAB_WIDE float near_kth(const float* values, std::int64_t n, std::int64_t k,
                              std::int64_t spare) {
  return find_near_kth<std::int32_t>(values, n, k, spare);
}
METRICLAB_WIDE double near_kth(const double* values, std::int64_t n, std::int64_t k,
                               std::int64_t spare) {
  return find_near_kth<std::int64_t>(values, n, k, spare);
}

}  // namespace metriclab
