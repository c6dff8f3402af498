// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <metriclab/classical/soft_neighbors.hpp>
#include <metriclab/data/vector_math.hpp>
#include <utility>

namespace metriclab {
namespace {

constexpr double kNegligible = 26;  // an e_ij below e^−26 is left out
constexpr double kFewPairs = 0.15;  // of all; single sums of more cost as much as products of all

METRICLAB_WIDE void exponentials(double* x, std::int64_t count) {
  for (std::int64_t k = 0; k < count; ++k) x[k] = exp_of_negative(x[k]);
}

template <class T>
[[gnu::always_inline]] inline void both_minima(const T* d, std::int64_t count, T* least,
                                               T* leasts) {
  T lanes[16];
  std::fill_n(lanes, 16, *least);
  std::int64_t j = 0;
  for (; j + 16 <= count; j += 16)
    for (int lane = 0; lane < 16; ++lane) {
      const T distance = d[j + lane];
      lanes[lane] = distance < lanes[lane] ? distance : lanes[lane];
      leasts[j + lane] = distance < leasts[j + lane] ? distance : leasts[j + lane];
    }
  for (; j < count; ++j) {
    lanes[0] = std::min(lanes[0], d[j]);
    leasts[j] = std::min(leasts[j], d[j]);
  }
  *least = *std::min_element(lanes, lanes + 16);
}
METRICLAB_WIDE void minima_of_row(const float* d, std::int64_t count, float* least, float* leasts) {
  both_minima(d, count, least, leasts);
}
METRICLAB_WIDE void minima_of_row(const double* d, std::int64_t count, double* least,
                                  double* leasts) {
  both_minima(d, count, least, leasts);
}

/// Where a distance matters: d_ij ≤ (max(reach_i, reach_j) + moved_i + moved_j)² + slack.
struct Reaches {
  std::vector<float> reach, moved;
  float slack = 0;
};

[[gnu::always_inline]] inline bool is_within(float d, float reach, float moved, float other_reach,
                                             float other_moved, float slack) {
  const float far = (reach > other_reach ? reach : other_reach) + moved + other_moved;
  return d <= far * far + slack;
}

/// Writes the j of a row that are within reach to `found`, from `first` on; how many these are.
METRICLAB_WIDE std::int64_t within(const float* d, float reach, float moved, const float* reaches,
                                   const float* moves, float slack, std::int64_t count,
                                   std::int32_t first, std::int32_t* found) {
  std::uint8_t flags[PairTiles<float>::kTile + 8] = {};
  for (std::int64_t j = 0; j < count; ++j)
    flags[j] = is_within(d[j], reach, moved, reaches[j], moves[j], slack) ? 1 : 0;
  std::int64_t n = 0;
  for (std::int64_t j = 0; j < count; j += 8) {  // most eights have none
    std::uint64_t eight;
    std::memcpy(&eight, flags + j, sizeof eight);
    for (std::int64_t k = j; eight != 0; ++k, eight >>= 8)
      if ((eight & 1) != 0) found[n++] = first + static_cast<std::int32_t>(k);
  }
  return n;
}

METRICLAB_WIDE std::int64_t count_within(const float* d, float reach, float moved,
                                         const float* reaches, const float* moves, float slack,
                                         std::int64_t count) {
  std::int32_t n = 0;
  for (std::int64_t j = 0; j < count; ++j)
    n += is_within(d[j], reach, moved, reaches[j], moves[j], slack) ? 1 : 0;
  return n;
}

/// Whether few pairs are within reach, by one row of sixteen.
bool seems_few(PairTiles<float>& tiles, const Reaches& is) {
  std::int64_t found = 0, of = 0;
  tiles.visit([&](const PairTile<float>& tile) {
    for (std::int64_t row = 0; row < tile.rows; row += 16) {
      const auto i = static_cast<std::size_t>(tile.top + row);
      found += count_within(tile.row(row), is.reach[i], is.moved[i], is.reach.data() + tile.left,
                            is.moved.data() + tile.left, is.slack, tile.columns);
      of += tile.columns;
    }
  });
  return static_cast<double>(found) <= kFewPairs * static_cast<double>(of);
}

/// The pairs within reach; false where they are too many.
bool collect(PairTiles<float>& tiles, const Reaches& is, std::vector<RowPair>& pairs) {
  const auto n = static_cast<double>(tiles.n());
  const auto most = static_cast<std::size_t>(kFewPairs * n * (n - 1) / 2);
  std::vector<std::int32_t> found(static_cast<std::size_t>(PairTiles<float>::kTile));
  bool few = true;
  pairs.clear();
  tiles.visit([&](const PairTile<float>& tile) {
    if (!few) return;
    for (std::int64_t row = 0; row < tile.rows; ++row) {
      const auto i = static_cast<std::size_t>(tile.top + row);
      const std::int64_t count =
          within(tile.row(row), is.reach[i], is.moved[i], is.reach.data() + tile.left,
                 is.moved.data() + tile.left, is.slack, tile.columns,
                 static_cast<std::int32_t>(tile.left), found.data());
      for (std::int64_t k = 0; k < count; ++k)
        pairs.push_back({static_cast<std::int32_t>(i), found[static_cast<std::size_t>(k)]});
    }
    few = pairs.size() <= most;
  });
  return few;
}

/// A bound of a distance's error in these tiles that doesn't rest on chance, since a pair that is
/// left out is lost.
double largest_error(const PairTiles<float>& tiles) {
  return 2 * tiles.error() * std::sqrt(static_cast<double>(tiles.Z().cols()));
}

/// A little more than x, so that rounding to single precision leaves no pair out.
float rounded_up(double x) { return static_cast<float>(x * (1 + 1e-6)); }

}  // namespace

template <class T>
std::vector<T> nearest_distances(PairTiles<T>& tiles) {
  std::vector<T> least(static_cast<std::size_t>(tiles.n()), std::numeric_limits<T>::max());
  tiles.visit([&](const PairTile<T>& tile) {
    for (std::int64_t row = 0; row < tile.rows; ++row)
      minima_of_row(tile.row(row), tile.columns, &least[static_cast<std::size_t>(tile.top + row)],
                    least.data() + tile.left);
  });
  return least;
}
template std::vector<float> nearest_distances(PairTiles<float>&);
template std::vector<double> nearest_distances(PairTiles<double>&);

const NearPairs* NeighborScreen::few(const Matrix& Z) {
  in_range_ = Z.allFinite() && Z.cwiseAbs().maxCoeff() < 1e15;
  if (in_range_ && (find_again(Z) || find_anew(Z))) return &near_;
  anchored_ = false;
  return nullptr;
}

bool NeighborScreen::single_suffices() const {
  return in_range_ && tiles_.n() >= 512 && tiles_.error() < 1e-4;
}

bool NeighborScreen::find_anew(const Matrix& Z) {
  ++times_anew_;
  tiles_.assign(Z);
  nearest_ = nearest_distances(tiles_);
  const double error = largest_error(tiles_);
  Reaches reaches{{}, std::vector<float>(nearest_.size(), 0), static_cast<float>(error)};
  for (const float least : nearest_)
    reaches.reach.push_back(rounded_up(std::sqrt(double{least} + error + kNegligible)));
  if (!seems_few(tiles_, reaches) || !collect(tiles_, reaches, near_.pairs)) return false;
  weigh(Z);
  anchored_ = tiles_.kept();
  if (!anchored_) return true;
  anchor_ = Z;
  spent_ = 0;
  neighbor_.assign(nearest_.size(), 0);
  Vector least = Vector::Constant(Z.rows(), std::numeric_limits<double>::infinity());
  for (std::size_t k = 0; k < near_.pairs.size(); ++k) {
    const double distance = near_.distances[static_cast<Eigen::Index>(k)];
    const auto [i, j] = near_.pairs[k];
    for (const auto& [one, other] : {std::pair(i, j), std::pair(j, i)})
      if (distance < least[one]) {
        least[one] = distance;
        neighbor_[static_cast<std::size_t>(one)] = other;
      }
  }
  return true;
}

/// √d_ij ≥ √d⁰_ij − moved_i − moved_j, and m_i ≤ the distance to the one that was nearest.
bool NeighborScreen::find_again(const Matrix& Z) {
  constexpr double kMostSpent = 0.25;  // about what finding all anew costs
  if (!anchored_ || Z.rows() != anchor_.rows() || Z.cols() != anchor_.cols() || spent_ > kMostSpent)
    return false;
  const double all = 0.5 * static_cast<double>(Z.rows()) * static_cast<double>(Z.rows() - 1);
  Reaches reaches{{}, {}, static_cast<float>(largest_error(tiles_))};
  for (Eigen::Index i = 0; i < Z.rows(); ++i) {
    reaches.moved.push_back(rounded_up((Z.row(i) - anchor_.row(i)).norm()));
    const double now = (Z.row(i) - Z.row(neighbor_[static_cast<std::size_t>(i)])).squaredNorm();
    reaches.reach.push_back(rounded_up(std::sqrt(now + kNegligible)));
  }
  if (!seems_few(tiles_, reaches) || !collect(tiles_, reaches, near_.pairs)) return false;
  const auto found = static_cast<double>(near_.pairs.size());
  weigh(Z);
  spent_ += (found - static_cast<double>(near_.pairs.size())) / all;
  return true;
}

/// Leaves those of the pairs that are near, with their distances and weights.
void NeighborScreen::weigh(const Matrix& Z) {
  std::vector<RowPair>& pairs = near_.pairs;
  near_.distances = pair_distances(Z, pairs);
  Vector least = Vector::Constant(Z.rows(), std::numeric_limits<double>::infinity());
  for (std::size_t k = 0; k < pairs.size(); ++k)
    for (const std::int32_t i : {pairs[k].first, pairs[k].second})
      least[i] = std::min(least[i], near_.distances[static_cast<Eigen::Index>(k)]);
  std::size_t count = 0;
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    const double distance = near_.distances[static_cast<Eigen::Index>(k)];
    if (distance > std::max(least[pairs[k].first], least[pairs[k].second]) + kNegligible) continue;
    pairs[count] = pairs[k];
    near_.distances[static_cast<Eigen::Index>(count++)] = distance;
  }
  pairs.resize(count);
  near_.distances.conservativeResize(static_cast<Eigen::Index>(count));
  near_.first = -near_.distances;
  near_.second = -near_.distances;
  for (std::size_t k = 0; k < count; ++k) {
    near_.first[static_cast<Eigen::Index>(k)] += least[pairs[k].first];
    near_.second[static_cast<Eigen::Index>(k)] += least[pairs[k].second];
  }
  exponentials(near_.first.data(), near_.first.size());
  exponentials(near_.second.data(), near_.second.size());
}

}  // namespace metriclab
