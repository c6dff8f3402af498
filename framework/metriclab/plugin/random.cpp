// SPDX-License-Identifier: BSD-3-Clause
#include <bit>
#include <cmath>
#include <cstring>
#include <metriclab/plugin/error.hpp>
#include <metriclab/plugin/random.hpp>
#include <numeric>
#include <string>
#include <utility>

namespace metriclab {
namespace {

std::uint64_t split_mix(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

__extension__ using Wide = unsigned __int128;

/// FNV-1a, then mixed: the name's bytes decide, not the platform's std::hash.
std::uint64_t derive(std::uint64_t key, std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  std::uint64_t state = key ^ std::rotl(hash, 17);
  split_mix(state);
  return split_mix(state) ^ hash;
}

}  // namespace

Random::Random(std::uint64_t seed, std::string_view name) : key_(derive(seed, name)) {
  std::uint64_t state = key_;
  for (std::uint64_t& word : words_) word = split_mix(state);
}

Random Random::child(std::string_view name) const { return Random(key_, name); }
Random Random::child(std::uint64_t number) const {
  return Random(key_, "#" + std::to_string(number));
}

std::uint64_t Random::next() {
  const std::uint64_t result = std::rotl(words_[1] * 5, 7) * 9;
  const std::uint64_t shifted = words_[1] << 17;
  words_[2] ^= words_[0];
  words_[3] ^= words_[1];
  words_[1] ^= words_[2];
  words_[0] ^= words_[3];
  words_[2] ^= shifted;
  words_[3] = std::rotl(words_[3], 45);
  return result;
}

double Random::uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

std::int64_t Random::below(std::int64_t n) {
  METRICLAB_CHECK(n >= 1, "a random number below " + std::to_string(n));
  // Lemire's multiplication, with the rejection that makes it exact.
  const auto bound = static_cast<std::uint64_t>(n);
  auto product = static_cast<Wide>(next()) * bound;
  if (static_cast<std::uint64_t>(product) < bound) {
    const std::uint64_t threshold = -bound % bound;
    while (static_cast<std::uint64_t>(product) < threshold)
      product = static_cast<Wide>(next()) * bound;
  }
  return static_cast<std::int64_t>(product >> 64);
}

double Random::normal() {
  if (std::exchange(has_spare_, false)) return spare_;
  double x = 0, y = 0, square = 0;
  do {
    x = uniform(-1, 1);
    y = uniform(-1, 1);
    square = x * x + y * y;
  } while (square >= 1 || square == 0);
  const double scale = std::sqrt(-2 * std::log(square) / square);
  spare_ = y * scale;
  has_spare_ = true;
  return x * scale;
}

std::vector<std::int64_t> Random::permutation(std::int64_t n) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  shuffle(order);
  return order;
}

std::vector<std::int64_t> Random::sample(std::int64_t n, std::int64_t k) {
  METRICLAB_CHECK(0 <= k && k <= n,
                  "a sample of " + std::to_string(k) + " from " + std::to_string(n));
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  for (std::int64_t i = 0; i < k; ++i)
    std::swap(order[static_cast<std::size_t>(i)],
              order[static_cast<std::size_t>(i + below(n - i))]);
  order.resize(static_cast<std::size_t>(k));
  return order;
}

std::vector<std::uint64_t> Random::state() const {
  return {key_,
          words_[0],
          words_[1],
          words_[2],
          words_[3],
          has_spare_ ? 1ULL : 0ULL,
          std::bit_cast<std::uint64_t>(spare_)};
}

void Random::restore(const std::vector<std::uint64_t>& state) {
  METRICLAB_CHECK(state.size() == 7, "a random state of the wrong size");
  key_ = state[0];
  for (std::size_t i = 0; i < 4; ++i) words_[i] = state[i + 1];
  has_spare_ = state[5] != 0;
  spare_ = std::bit_cast<double>(state[6]);
}

}  // namespace metriclab
