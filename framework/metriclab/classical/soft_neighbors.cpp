// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/classical/soft_neighbors.hpp>
#include <metriclab/classical/vector_math.hpp>

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

/// Writes the j with d_j ≤ max(limit, limits_j) to `found`, from `first` on; how many these are.
METRICLAB_WIDE std::int64_t within(const float* d, float limit, const float* limits,
                                   std::int64_t count, std::int32_t first, std::int32_t* found) {
  std::int64_t n = 0;
  for (std::int64_t j = 0; j < count; j += 16) {
    const std::int64_t end = std::min(j + 16, count);
    int any = 0;
    for (std::int64_t k = j; k < end; ++k) any |= d[k] <= std::max(limit, limits[k]);
    if (any == 0) continue;
    for (std::int64_t k = j; k < end; ++k)
      if (d[k] <= std::max(limit, limits[k])) found[n++] = first + static_cast<std::int32_t>(k);
  }
  return n;
}

METRICLAB_WIDE std::int64_t count_within(const float* d, float limit, const float* limits,
                                         std::int64_t count) {
  std::int32_t n = 0;
  for (std::int64_t j = 0; j < count; ++j) n += d[j] <= std::max(limit, limits[j]) ? 1 : 0;
  return n;
}

/// Whether few pairs are within the limits, by one row of sixteen.
bool seems_few(PairTiles<float>& tiles, const std::vector<float>& limits) {
  std::int64_t found = 0, of = 0;
  tiles.visit([&](const PairTile<float>& tile) {
    for (std::int64_t row = 0; row < tile.rows; row += 16) {
      found += count_within(tile.row(row), limits[static_cast<std::size_t>(tile.top + row)],
                            limits.data() + tile.left, tile.columns);
      of += tile.columns;
    }
  });
  return static_cast<double>(found) <= kFewPairs * static_cast<double>(of);
}

/// The pairs within the limits; false where they are too many.
bool collect(PairTiles<float>& tiles, const std::vector<float>& limits,
             std::vector<RowPair>& pairs) {
  const auto n = static_cast<double>(tiles.n());
  const auto most = static_cast<std::size_t>(kFewPairs * n * (n - 1) / 2);
  std::vector<std::int32_t> found(static_cast<std::size_t>(PairTiles<float>::kTile));
  bool few = true;
  tiles.visit([&](const PairTile<float>& tile) {
    if (!few) return;
    for (std::int64_t row = 0; row < tile.rows; ++row) {
      const auto i = static_cast<std::int32_t>(tile.top + row);
      const std::int64_t count =
          within(tile.row(row), limits[static_cast<std::size_t>(i)], limits.data() + tile.left,
                 tile.columns, static_cast<std::int32_t>(tile.left), found.data());
      for (std::int64_t k = 0; k < count; ++k)
        pairs.push_back({i, found[static_cast<std::size_t>(k)]});
    }
    few = pairs.size() <= most;
  });
  return few;
}

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

Screening screen(const Matrix& Z, PairTiles<float>& tiles) {
  Screening is;
  is.in_range = Z.allFinite() && Z.cwiseAbs().maxCoeff() < 1e15;
  if (!is.in_range) return is;
  tiles.assign(Z);
  is.nearest = nearest_distances(tiles);
  std::vector<float> limits = is.nearest;
  // A bound that doesn't rest on chance, since a pair that is left out is lost.
  const double error = 2 * tiles.error() * std::sqrt(static_cast<double>(Z.cols()));
  for (float& limit : limits) limit += static_cast<float>(kNegligible + 2 * error);
  is.few = seems_few(tiles, limits) && collect(tiles, limits, is.pairs);
  return is;
}

PairWeights pair_weights(const Matrix& Z, const std::vector<RowPair>& pairs) {
  const Vector distances = pair_distances(Z, pairs);
  Vector least = Vector::Constant(Z.rows(), std::numeric_limits<double>::infinity());
  for (std::size_t k = 0; k < pairs.size(); ++k)
    for (const std::int32_t i : {pairs[k].first, pairs[k].second})
      least[i] = std::min(least[i], distances[static_cast<Eigen::Index>(k)]);
  PairWeights weights{-distances, -distances};
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    weights.first[static_cast<Eigen::Index>(k)] += least[pairs[k].first];
    weights.second[static_cast<Eigen::Index>(k)] += least[pairs[k].second];
  }
  exponentials(weights.first.data(), weights.first.size());
  exponentials(weights.second.data(), weights.second.size());
  return weights;
}

}  // namespace metriclab
