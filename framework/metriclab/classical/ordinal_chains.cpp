// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <bit>
#include <limits>
#include <metriclab/classical/ordinal_chains.hpp>
#include <metriclab/data/wide.hpp>

namespace metriclab {
namespace {

constexpr double kRounding = 1e-14;  // of the squared norms, that a product may be wrong by
constexpr std::int64_t kTile = 64;   // rows of products: with a few thousand columns within a cache

/// n choose k in double, exact below 2⁵³.
double choose(std::int64_t n, std::int64_t k) {
  if (k > n) return 0;
  double result = 1;
  for (std::int64_t i = 1; i <= k; ++i)
    result = result * static_cast<double>(n - k + i) / static_cast<double>(i);
  return result;
}

/// Distances from products, as whole numbers in the same order: the bits of a double that is not
/// negative, the lowest ones replaced by the index.
METRICLAB_WIDE void make_keys(const double* products, const double* norms, double norm,
                              std::int64_t mask, std::int64_t n, std::int64_t* keys) {
  for (std::int64_t j = 0; j < n; ++j) {
    double distance = (norm + norms[j]) - 2 * products[j];
    distance = distance > kRounding * (norm + norms[j]) ? distance : 0;
    keys[j] = (std::bit_cast<std::int64_t>(distance) & ~mask) | j;
  }
}

/// The least of each `width`-th of the keys.
METRICLAB_WIDE void fold(const std::int64_t* keys, std::int64_t n, std::int64_t width,
                         std::int64_t* minima) {
  std::copy(keys, keys + width, minima);
  for (std::int64_t begin = width; begin < n; begin += width) {
    const std::int64_t count = std::min(width, n - begin);
    for (std::int64_t j = 0; j < count; ++j)
      minima[j] = keys[begin + j] < minima[j] ? keys[begin + j] : minima[j];
  }
}

METRICLAB_WIDE std::int64_t count_up_to(const std::int64_t* keys, std::int64_t n,
                                        std::int64_t bound) {
  std::int64_t count = 0;
  for (std::int64_t j = 0; j < n; ++j) count += keys[j] <= bound ? 1 : 0;
  return count;
}

/// The place of each key among them all: so few are sorted fastest by counting.
METRICLAB_WIDE void rank(const std::int64_t* keys, std::int64_t n, std::int64_t* ranks) {
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t key = keys[i];
    std::int64_t below = 0;
    for (std::int64_t j = 0; j < n; ++j) below += keys[j] < key ? 1 : 0;
    ranks[i] = below;
  }
}

/// A bound that at least `least` of the keys, which all differ, are up to, and not many more: by
/// bisection, without branches that can't be foreseen.
std::int64_t bound_of(const std::vector<std::int64_t>& keys, std::int64_t least) {
  constexpr std::int64_t kMore = 4;
  const auto n = static_cast<std::int64_t>(keys.size());
  std::int64_t low = -1, high = *std::max_element(keys.begin(), keys.end()), count = n;
  while (count > least + kMore && high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    const std::int64_t up_to = count_up_to(keys.data(), n, middle);
    if (up_to < least) {
      low = middle;
    } else {
      high = middle;
      count = up_to;
    }
  }
  return high;
}

}  // namespace

ChainCounter::ChainCounter(std::int64_t length, std::int64_t values)
    : length_(length),
      values_(values),
      sums_(static_cast<std::size_t>((length - 1) * values), 0.0) {}

void ChainCounter::clear() {
  std::fill(sums_.begin(), sums_.end(), 0.0);
  whole_ = 0;
}

void ChainCounter::append(std::int64_t value) {
  // The longest first, so that an element doesn't follow itself.
  for (std::int64_t length = length_; length > 0; --length) {
    double ending = 1;  // chains of this length that end here
    if (length > 1) {
      ending = 0;
      const double* tree = sums_.data() + (length - 2) * values_;
      for (std::int64_t at = value + 1; at > 0; at &= at - 1) ending += tree[at - 1];
    }
    if (length == length_) {
      whole_ += ending;
      continue;
    }
    double* tree = sums_.data() + (length - 1) * values_;
    for (std::int64_t at = value + 1; at <= values_; at += at & -at) tree[at - 1] += ending;
  }
}

ChainObjective::ChainObjective(const std::vector<std::int32_t>& y, std::int64_t length,
                               std::int64_t neighborhood)
    : y_(y),
      length_(length),
      near_(std::min(neighborhood, static_cast<std::int64_t>(y.size())) - 1),
      up_(length, 1 + *std::max_element(y.begin(), y.end())),
      down_(up_),
      keys_(y.size()) {
  for (std::int64_t own = 0; own <= near_ + 1; ++own) level_.push_back(choose(own, length));
}

double ChainObjective::most() const {
  return static_cast<double>(y_.size()) * choose(near_ + 1, length_);
}

double ChainObjective::operator()(const Matrix& Z) {
  const std::int64_t n = Z.rows();
  const Vector norms = Z.rowwise().squaredNorm();
  const auto mask = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(n)) - 1);
  double sum = 0;
  for (std::int64_t begin = 0; begin < n; begin += kTile) {
    const std::int64_t rows = std::min(kTile, n - begin);
    products_.noalias() = Z.middleRows(begin, rows) * Z.transpose();
    for (std::int64_t row = 0; row < rows; ++row) {
      const std::int64_t i = begin + row;
      make_keys(products_.row(row).data(), norms.data(), norms[i], mask, n, keys_.data());
      keys_[static_cast<std::size_t>(i)] = std::numeric_limits<std::int64_t>::max();
      find_nearest(mask);
      sum += chains_of(y_[static_cast<std::size_t>(i)]);
    }
  }
  return sum;
}

void ChainObjective::find_nearest(std::int64_t mask) {
  constexpr std::size_t kFew = 256;
  nearest_.clear();
  if (near_ == 0) return;
  // The least keys of parts of them bound the least of all: with twice as many parts or more,
  // little is left.
  const auto n = static_cast<std::int64_t>(keys_.size());
  const auto width =
      static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(2 * near_)));
  std::int64_t bound = 0;
  if (n >= 3 * width) {
    minima_.resize(static_cast<std::size_t>(width));
    fold(keys_.data(), n, width, minima_.data());
    bound = bound_of(minima_, near_);
  } else {
    bound = bound_of(keys_, near_);
  }
  candidates_.resize(keys_.size());
  std::size_t count = 0;
  for (std::int64_t key : keys_) {
    candidates_[count] = key;
    count += key <= bound ? 1 : 0;
  }
  candidates_.resize(count);
  if (count <= kFew) {
    ranks_.resize(count);
    nearest_.resize(count);
    rank(candidates_.data(), static_cast<std::int64_t>(count), ranks_.data());
    for (std::size_t c = 0; c < count; ++c)
      nearest_[static_cast<std::size_t>(ranks_[c])] = candidates_[c] & mask;
  } else {
    std::sort(candidates_.begin(), candidates_.end());
    for (std::int64_t key : candidates_) nearest_.push_back(key & mask);
  }
  nearest_.resize(static_cast<std::size_t>(near_));
}

double ChainObjective::chains_of(std::int32_t label) {
  up_.clear();
  down_.clear();
  up_.append(0);
  down_.append(0);
  std::size_t own = 1;
  for (std::int64_t other : nearest_) {
    const std::int64_t step = y_[static_cast<std::size_t>(other)] - label;
    if (step >= 0) up_.append(step);
    if (step <= 0) down_.append(-step);
    own += step == 0 ? 1 : 0;
  }
  return up_.count() + down_.count() - level_[own];
}

}  // namespace metriclab
