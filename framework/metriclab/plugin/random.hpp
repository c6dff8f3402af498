// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace metriclab {

/// A named stream of random numbers: xoshiro256** (Blackman, Vigna. Scrambled linear pseudorandom
/// number generators. ACM TOMS 2021), seeded by SplitMix64 from a seed and a name. Streams of
/// different names are independent, and what one draws never shifts another. The distributions are
/// our own, since those of the standard library differ between its implementations.
class Random {
 public:
  explicit Random(std::uint64_t seed, std::string_view name = "");

  /// The stream `name` below this one. It depends on this stream's seed and name, not on what has
  /// been drawn.
  Random child(std::string_view name) const;
  Random child(std::uint64_t number) const;

  /// Uniform over all 64-bit integers.
  std::uint64_t next();
  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform();
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// Uniform in 0 … n − 1; n ≥ 1.
  std::int64_t below(std::int64_t n);
  /// Standard normal (Marsaglia's polar method).
  double normal();

  /// Fisher-Yates.
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i)
      std::swap(items[i - 1], items[static_cast<std::size_t>(below(static_cast<std::int64_t>(i)))]);
  }
  /// 0 … n − 1 in random order.
  std::vector<std::int64_t> permutation(std::int64_t n);
  /// k different numbers of 0 … n − 1, in random order.
  std::vector<std::int64_t> sample(std::int64_t n, std::int64_t k);

  /// All that `next` depends on, for checkpoints.
  std::vector<std::uint64_t> state() const;
  void restore(const std::vector<std::uint64_t>& state);

 private:
  std::uint64_t key_ = 0;  // of (seed, name): what children are derived from
  std::uint64_t words_[4] = {};
  bool has_spare_ = false;
  double spare_ = 0;  // the polar method makes two numbers at a time
};

}  // namespace metriclab
