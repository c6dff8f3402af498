// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <metriclab/data/wide.hpp>
#include <metriclab/neighbors/row_ranking.hpp>
#include <type_traits>

namespace metriclab {
namespace {

constexpr std::int64_t kLanes = 16;
constexpr std::uint32_t kLookCloser = std::uint32_t{1} << 31;
constexpr std::int64_t kTile = 1024;
constexpr std::int64_t kMostBins = 16384;

template <class Scalar>
[[gnu::always_inline]] inline void add(const Scalar* values, const Scalar* low, std::int64_t n,
                                       Scalar* keys) {
  for (std::int64_t j = 0; j < n; ++j) keys[j] = values[j] + low[j];
}

/// How many keys are below `low`, and how many are at most `high`.
template <class Scalar, class Count>
[[gnu::always_inline]] inline void count_in(const Scalar* keys, std::int64_t n, Scalar low,
                                            Scalar high, Count& below, Count& within) {
  Count low_counts = 0, high_counts = 0;
  for (std::int64_t j = 0; j < n; ++j) {
    low_counts += keys[j] < low ? 1 : 0;
    high_counts += keys[j] <= high ? 1 : 0;
  }
  below = low_counts;
  within = high_counts - low_counts;
}

/// Where keys in low … high are, rising; gives how many.
template <class Scalar>
[[gnu::always_inline]] inline std::int64_t find_in(const Scalar* keys, std::int64_t n, Scalar low,
                                                   Scalar high, std::int32_t* found) {
  alignas(64) std::uint8_t within[kTile];
  for (std::int64_t j = 0; j < n; ++j) within[j] = (keys[j] >= low) & (keys[j] <= high);
  std::fill(within + n, within + (n + 7) / 8 * 8, std::uint8_t{0});
  std::int64_t count = 0;
  for (std::int64_t eight = 0; eight < n; eight += 8) {
    std::uint64_t any = 0;
    std::memcpy(&any, within + eight, sizeof any);
    if (any == 0) continue;
    for (std::int64_t j = eight; j < eight + 8; ++j)
      if (within[j]) found[count++] = static_cast<std::int32_t>(j);
  }
  return count;
}

/// 1 + (key − least)·scale, cut to 0 … most[lane], as an integer.
template <class Scalar>
[[gnu::always_inline]] inline void bins_by(const Scalar* keys, std::int64_t n, Scalar least,
                                           Scalar scale, const Scalar* most, std::int32_t* bins) {
  std::int64_t j = 0;
  for (; j + kLanes <= n; j += kLanes)
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      const Scalar x = (keys[j + lane] - least) * scale + 1;
      const Scalar cut = x > 0 ? x : 0;
      bins[j + lane] = static_cast<std::int32_t>(cut < most[lane] ? cut : most[lane]);
    }
  for (; j < n; ++j) {
    const Scalar x = (keys[j] - least) * scale + 1;
    const Scalar cut = x > 0 ? x : 0;
    bins[j] = static_cast<std::int32_t>(cut < most[j % kLanes] ? cut : most[j % kLanes]);
  }
}

METRICLAB_WIDE void keys_of(const float* values, const float* low, std::int64_t n, float* keys) {
  add(values, low, n, keys);
}
METRICLAB_WIDE void keys_of(const double* values, const double* low, std::int64_t n, double* keys) {
  add(values, low, n, keys);
}
METRICLAB_WIDE void count(const float* keys, std::int64_t n, float low, float high,
                          std::int32_t& below, std::int32_t& within) {
  count_in(keys, n, low, high, below, within);
}
METRICLAB_WIDE void count(const double* keys, std::int64_t n, double low, double high,
                          std::int64_t& below, std::int64_t& within) {
  count_in(keys, n, low, high, below, within);
}
METRICLAB_WIDE std::int64_t find(const float* keys, std::int64_t n, float low, float high,
                                 std::int32_t* found) {
  return find_in(keys, n, low, high, found);
}
METRICLAB_WIDE std::int64_t find(const double* keys, std::int64_t n, double low, double high,
                                 std::int32_t* found) {
  return find_in(keys, n, low, high, found);
}
METRICLAB_WIDE void bins_of(const float* keys, std::int64_t n, float least, float scale,
                            const float* most, std::int32_t* bins) {
  bins_by(keys, n, least, scale, most, bins);
}
METRICLAB_WIDE void bins_of(const double* keys, std::int64_t n, double least, double scale,
                            const double* most, std::int32_t* bins) {
  bins_by(keys, n, least, scale, most, bins);
}

/// A Scalar that is not above, or not below, and near.
template <class Scalar>
Scalar rounded_down(double value) {
  const auto near = static_cast<Scalar>(value);
  return near - (std::abs(near) * std::numeric_limits<Scalar>::epsilon() +
                 std::numeric_limits<Scalar>::min());
}
template <class Scalar>
Scalar rounded_up(double value) {
  return -rounded_down<Scalar>(-value);
}

}  // namespace

template <class Scalar>
std::int64_t RowRanking<Scalar>::bin(Scalar key) const {
  std::int32_t result = 0;
  const auto most = static_cast<Scalar>(bins_.n + 1);
  bins_by(&key, 1, bins_.least, bins_.scale, &most, &result);
  return result;
}

template <class Scalar>
void RowRanking<Scalar>::begin(std::int64_t query, double width) {
  query_ = query;
  width_ = width;
  measured_ = 0;
  open_.clear();
  chains_.clear();
  if (relevant_.empty()) return;
  if (few())
    std::sort(relevant_.begin(), relevant_.end(),
              [](const Relevant& a, const Relevant& b) { return a.key < b.key; });
  else
    sort_by_bins();
  find_chains();
  before_.assign(relevant_.size() + chains_.size() + 1, 0);
  if (!few()) mark_bins();
}

template <class Scalar>
std::int64_t RowRanking<Scalar>::n_bins(std::int64_t relevant, std::int64_t gallery) {
  // Enough for most of the others to fall between relevant ones, yet few beside the others and in
  // the nearer caches.
  return std::clamp<std::int64_t>(
      static_cast<std::int64_t>(
          std::bit_ceil(static_cast<std::uint64_t>(std::max(8 * relevant, gallery / 16)))),
      512, kMostBins);
}

template <class Scalar>
std::int64_t RowRanking<Scalar>::working_set(std::int64_t relevant, std::int64_t gallery) {
  if (relevant <= kFew) return 0;
  return n_bins(relevant, gallery) * static_cast<std::int64_t>(2 * sizeof(std::uint32_t)) +
         relevant * static_cast<std::int64_t>(sizeof(Relevant) + sizeof(std::int64_t));
}

template <class Scalar>
void RowRanking<Scalar>::sort_by_bins() {
  const std::vector<Relevant>& relevant = relevant_;
  Scalar least = relevant.front().key, most = least;
  for (const Relevant& is : relevant) {
    least = std::min(least, is.key);
    most = std::max(most, is.key);
  }
  bins_.n = n_bins(static_cast<std::int64_t>(relevant.size()), measure_.gallery().n());
  bins_.least = rounded_down<Scalar>(double{least} - width_);
  const double extent = double{rounded_up<Scalar>(double{most} + width_)} - bins_.least;
  bins_.scale = static_cast<Scalar>(std::min(0.999 * static_cast<double>(bins_.n) / extent,
                                             double{std::numeric_limits<Scalar>::max()} / 4));

  bins_.start.assign(static_cast<std::size_t>(bins_.n + 3), 0);
  for (const Relevant& is : relevant) ++bins_.start[static_cast<std::size_t>(bin(is.key) + 1)];
  for (std::size_t b = 1; b < bins_.start.size(); ++b) bins_.start[b] += bins_.start[b - 1];
  bins_.sorted.resize(relevant.size());
  for (const Relevant& is : relevant)
    bins_.sorted[bins_.start[static_cast<std::size_t>(bin(is.key))]++] = is;
  // Each bin's start has moved to its end, which is the next one's start.
  std::copy_backward(bins_.start.begin(), bins_.start.end() - 1, bins_.start.end());
  bins_.start[0] = 0;
  for (std::size_t b = 0; b + 1 < bins_.start.size(); ++b)
    if (bins_.start[b + 1] > bins_.start[b] + 1)
      std::sort(bins_.sorted.begin() + bins_.start[b], bins_.sorted.begin() + bins_.start[b + 1],
                [](const Relevant& x, const Relevant& y) { return x.key < y.key; });
  relevant_.swap(bins_.sorted);
}

template <class Scalar>
void RowRanking<Scalar>::find_chains() {
  const std::vector<Relevant>& sorted = relevant_;
  chain_.resize(sorted.size() + 1);
  for (std::size_t p = 0; p < sorted.size(); ++p) {
    const double key = sorted[p].key;
    if (p == 0 || key - sorted[p - 1].key > 2 * width_)
      chains_.push_back(
          {.begin = p, .end = p, .low = rounded_down<Scalar>(key - width_), .high = 0});
    chains_.back().end = p + 1;
    chains_.back().high = rounded_up<Scalar>(key + width_);
    chain_[p] = chain_[p + 1] = static_cast<std::uint32_t>(chains_.size() - 1);
  }
}

template <class Scalar>
void RowRanking<Scalar>::mark_bins() {
  bins_.counts.assign(static_cast<std::size_t>(bins_.n + 2 + kBeyond), 0);
  // Three roundings of an other's place, which is at most kMostBins, are much less than 0.01.
  const double reach = width_ * bins_.scale + 0.01;
  for (const Chain& chain : chains_) {
    // Not the whole chain: between its members there may be room.
    std::int64_t marked = -1;
    for (std::size_t p = chain.begin; p < chain.end; ++p) {
      const double place = (double{relevant_[p].key} - bins_.least) * bins_.scale + 1;
      const double low = std::max(place - reach, 0.0);
      const double high = std::min(place + reach, static_cast<double>(bins_.n + 1));
      const auto last = static_cast<std::int64_t>(high);
      for (std::int64_t b = std::max(marked + 1, static_cast<std::int64_t>(low)); b <= last; ++b)
        bins_.counts[static_cast<std::size_t>(b)] = kLookCloser;
      marked = last;
    }
  }
}

template <class Scalar>
void RowRanking<Scalar>::offer(const Scalar* values, const Scalar* low, std::int64_t count,
                               std::int64_t first) {
  if (relevant_.empty()) return;
  const std::size_t waiting = open_.size();
  alignas(64) Scalar keys[kTile];
  for (std::int64_t begin = 0; begin < count; begin += kTile) {
    const std::int64_t n = std::min(kTile, count - begin);
    keys_of(values + begin, low + begin, n, keys);
    if (few())
      offer_to_few(keys, n, first + begin);
    else
      offer_to_bins(keys, n, first + begin);
  }
  // A few chains' members are measured for each settling, and others must not be too many to hold.
  const std::size_t most_waiting = std::max<std::size_t>(4096, 4 * relevant_.size());
  measure_from(waiting);
  if (open_.size() > most_waiting) settle();
}

template <class Scalar>
void RowRanking<Scalar>::offer_to_few(const Scalar* keys, std::int64_t n, std::int64_t first) {
  const std::vector<Relevant>& sorted = relevant_;
  for (std::size_t c = 0; c < chains_.size(); ++c) {
    Chain& chain = chains_[c];
    std::conditional_t<sizeof(Scalar) == 4, std::int32_t, std::int64_t> below = 0, within = 0;
    count(keys, n, chain.low, chain.high, below, within);
    chain.below += below;
    if (within == 0) continue;
    std::int32_t found[kTile];
    const std::int64_t n_found = find(keys, n, chain.low, chain.high, found);
    for (std::int64_t f = 0; f < n_found; ++f) {
      const std::int64_t j = found[f];
      const double key = keys[j];
      if (key - sorted[chain.end - 1].key > width_) continue;
      if (sorted[chain.begin].key - key > width_) {
        ++chain.below;
        continue;
      }
      std::size_t p = chain.begin;
      while (p < chain.end && sorted[p].key < keys[j]) ++p;
      if ((p < chain.end && sorted[p].key - key <= width_) ||
          (p > chain.begin && key - sorted[p - 1].key <= width_))
        open_.push_back({.distance = 0, .at = first + j, .chain = c});
      else
        ++before_[p + c];
    }
  }
}

template <class Scalar>
void RowRanking<Scalar>::offer_to_bins(const Scalar* keys, std::int64_t count, std::int64_t first) {
  alignas(64) std::int32_t bins[kTile];
  std::int32_t closer[kTile];
  Scalar most[kLanes];
  // What is beyond all relevant ones goes to several bins in turn: one counter that is always the
  // same would be waited for.
  for (std::int64_t lane = 0; lane < kLanes; ++lane)
    most[lane] = static_cast<Scalar>(bins_.n + 1 + lane);
  bins_of(keys, count, bins_.least, bins_.scale, most, bins);
  std::int64_t n_closer = 0;
  std::uint32_t* counts = bins_.counts.data();
  for (std::int64_t j = 0; j < count; ++j) {
    const std::uint32_t is = counts[bins[j]];
    counts[bins[j]] = is + 1;
    closer[n_closer] = static_cast<std::int32_t>(j);
    n_closer += is >> 31;
  }
  for (std::int64_t c = 0; c < n_closer; ++c) {
    const std::int64_t j = closer[c];
    const auto b = static_cast<std::size_t>(bins[j]);
    place(keys[j], first + j, bins_.start[b], bins_.start[b + 1]);
  }
}

template <class Scalar>
void RowRanking<Scalar>::place(Scalar key, std::int64_t at, std::size_t from, std::size_t to) {
  const std::vector<Relevant>& sorted = relevant_;
  constexpr std::size_t kWalk = 8;
  if (to - from > kWalk)
    from = static_cast<std::size_t>(
        std::lower_bound(sorted.begin() + static_cast<std::ptrdiff_t>(from),
                         sorted.begin() + static_cast<std::ptrdiff_t>(to), key,
                         [](const Relevant& is, Scalar value) { return is.key < value; }) -
        sorted.begin());
  else
    while (from < to && sorted[from].key < key) ++from;
  if (from < sorted.size() && double{sorted[from].key} - key <= width_)
    open_.push_back({.distance = 0, .at = at, .chain = chain_[from]});
  else if (from > 0 && double{key} - sorted[from - 1].key <= width_)
    open_.push_back({.distance = 0, .at = at, .chain = chain_[from - 1]});
  else
    ++before_[from + chain_[from]];
}

template <class Scalar>
void RowRanking<Scalar>::add_bins() {
  const std::vector<std::uint32_t>&counts = bins_.counts, &start = bins_.start;
  std::int64_t passed = 0;
  for (std::size_t b = 0; b + 1 < start.size(); ++b) {
    if ((counts[b] & kLookCloser) == 0) {
      passed += counts[b];
      continue;
    }
    if (start[b] == start[b + 1]) continue;
    before_[start[b] + chain_[start[b]]] += passed;
    passed = 0;
  }
}

template <class Scalar>
void RowRanking<Scalar>::measure_from(std::size_t first) {
  for (std::size_t i = first; i < open_.size(); ++i) measure_.expect(open_[i].at);
  for (std::size_t i = first; i < open_.size(); ++i)
    open_[i].distance = measure_(query_, open_[i].at);
  measured_ += static_cast<std::int64_t>(open_.size() - first);
}

template <class Scalar>
void RowRanking<Scalar>::settle() {
  std::sort(open_.begin(), open_.end(),
            [](const Open& a, const Open& b) { return a.chain < b.chain; });
  for (std::size_t begin = 0; begin < open_.size();) {
    const std::size_t number = open_[begin].chain;
    const Chain& chain = chains_[number];
    members_.clear();
    for (std::size_t p = chain.begin; p < chain.end; ++p) {
      const std::int64_t at = relevant_[p].at;
      members_.push_back({measure_(query_, at), order_[static_cast<std::size_t>(at)]});
    }
    std::sort(members_.begin(), members_.end());
    for (; begin < open_.size() && open_[begin].chain == number; ++begin) {
      const std::pair<double, std::int64_t> other{
          open_[begin].distance, order_[static_cast<std::size_t>(open_[begin].at)]};
      const auto place =
          std::lower_bound(members_.begin(), members_.end(), other) - members_.begin();
      ++before_[chain.begin + number + static_cast<std::size_t>(place)];
    }
  }
  open_.clear();
}

template <class Scalar>
const std::vector<std::int64_t>& RowRanking<Scalar>::finish() {
  if (relevant_.empty()) {
    ranks_.clear();
    return ranks_;
  }
  settle();
  if (!few()) add_bins();
  ranks_.resize(relevant_.size());
  std::int64_t nearer = 0;
  for (std::size_t c = 0; c < chains_.size(); ++c) {
    const Chain& chain = chains_[c];
    if (few()) nearer = chain.below;
    for (std::size_t p = chain.begin; p < chain.end; ++p) {
      nearer += before_[p + c];
      ranks_[p] = nearer + static_cast<std::int64_t>(p) + 1;
    }
    nearer += before_[chain.end + c];
  }
  return ranks_;
}

template class RowRanking<float>;
template class RowRanking<double>;

}  // namespace metriclab
