// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/classical/nca_objective.hpp>
#include <metriclab/classical/pair_tiles.hpp>
#include <metriclab/classical/supervision.hpp>
#include <metriclab/classical/vector_math.hpp>

namespace metriclab {
namespace {

constexpr double kNegligible = 26;    // a p_ij below e^−26 is left out
constexpr double kFewPairs = 0.15;    // of all; single sums of more cost as much as products of all
constexpr double kFloatError = 1e-4;  // of a squared distance
constexpr double kFloatFrom = 512;    // examples; below, double costs little

/// Pairs (i, j) with their squared distances, and what is computed of them.
struct Pairs {
  std::vector<std::int32_t> i, j;
  std::vector<double> distance, from_i, from_j;
};

// The loops over pairs, in wide registers.

METRICLAB_WIDE void pair_distances(const double* Z, std::int64_t r, Pairs& pairs) {
  const std::size_t count = pairs.i.size();
  for (std::size_t k = 0; k < count; ++k) {
    const double* a = Z + pairs.i[k] * r;
    const double* b = Z + pairs.j[k] * r;
    double lanes[8] = {};
    std::int64_t t = 0;
    for (; t + 8 <= r; t += 8)
      for (int lane = 0; lane < 8; ++lane) {
        const double difference = a[t + lane] - b[t + lane];
        lanes[lane] += difference * difference;
      }
    double sum = ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) +
                 ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
    for (; t < r; ++t) sum += (a[t] - b[t]) * (a[t] - b[t]);
    pairs.distance[k] = sum;
  }
}

METRICLAB_WIDE void push_apart(const double* Z, std::int64_t r, const Pairs& pairs,
                               const double* weight, double* laplacian) {
  const std::size_t count = pairs.i.size();
  for (std::size_t k = 0; k < count; ++k) {
    const double w = weight[k];
    if (w == 0) continue;
    const double* a = Z + pairs.i[k] * r;
    const double* b = Z + pairs.j[k] * r;
    double* to_a = laplacian + pairs.i[k] * r;
    double* to_b = laplacian + pairs.j[k] * r;
#pragma GCC ivdep
    for (std::int64_t t = 0; t < r; ++t) {
      const double push = w * (a[t] - b[t]);
      to_a[t] += push;
      to_b[t] -= push;
    }
  }
}

METRICLAB_WIDE void exponentials(const double* x, std::size_t count, double* y) {
  for (std::size_t k = 0; k < count; ++k) y[k] = exp_of_negative(x[k]);
}

template <class T>
[[gnu::always_inline]] inline T sum_of(const T* x, std::int64_t count) {
  T lanes[16] = {};
  std::int64_t j = 0;
  for (; j + 16 <= count; j += 16)
    for (int lane = 0; lane < 16; ++lane) lanes[lane] += x[j + lane];
  for (; j < count; ++j) lanes[j % 16] += x[j];
  for (int half = 8; half > 0; half /= 2)
    for (int lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  return lanes[0];
}

/// What the softmax of one example is made of; `T` for a tile's columns.
template <class T>
struct Shares {
  T all = 0, same = 0;  // Σ exp(least − d) over all others, and over those of its class
};

/// Adds one row of a tile to the shares of both sides; its first `same` columns are of the row's
/// class. `scratch`: 2·count.
template <class T>
[[gnu::always_inline]] inline Shares<T> share(const T* d, T least, const T* leasts,
                                              std::int64_t count, std::int64_t same, T* all_of,
                                              T* same_of, T* scratch) {
  T* own = scratch;
  T* other = scratch + count;
  for (std::int64_t j = 0; j < count; ++j) {
    const T distance = d[j], a = least - distance, b = leasts[j] - distance;
    own[j] = exp_of_negative(a < 0 ? a : 0);
    other[j] = exp_of_negative(b < 0 ? b : 0);
  }
  for (std::int64_t j = 0; j < count; ++j) all_of[j] += other[j];
  for (std::int64_t j = 0; j < same; ++j) same_of[j] += other[j];
  return {sum_of(own, count), sum_of(own, same)};
}
METRICLAB_WIDE Shares<float> shares_of_row(const float* d, float least, const float* leasts,
                                           std::int64_t count, std::int64_t same, float* all_of,
                                           float* same_of, float* scratch) {
  return share(d, least, leasts, count, same, all_of, same_of, scratch);
}
METRICLAB_WIDE Shares<double> shares_of_row(const double* d, double least, const double* leasts,
                                            std::int64_t count, std::int64_t same, double* all_of,
                                            double* same_of, double* scratch) {
  return share(d, least, leasts, count, same, all_of, same_of, scratch);
}

/// Factors of an example's exp(least − d) in the weights, for partners of its class and of others.
template <class T>
struct Factors {
  std::vector<T> same, other;
};

/// One row of the weights' tile; column sums are added to `columns`, the row's is returned.
template <class T>
[[gnu::always_inline]] inline T weigh(const T* d, T least, const T* leasts, std::int64_t count,
                                      std::int64_t same, T factor_same, T factor_other,
                                      const T* factors_same, const T* factors_other, T* weights,
                                      T* columns) {
  auto weight = [&](std::int64_t j, T factor, const T* factors) {
    const T distance = d[j], a = least - distance, b = leasts[j] - distance;
    return factor * exp_of_negative(a < 0 ? a : 0) + factors[j] * exp_of_negative(b < 0 ? b : 0);
  };
  for (std::int64_t j = 0; j < same; ++j) weights[j] = weight(j, factor_same, factors_same);
  for (std::int64_t j = same; j < count; ++j) weights[j] = weight(j, factor_other, factors_other);
  for (std::int64_t j = 0; j < count; ++j) columns[j] += weights[j];
  return sum_of(weights, count);
}
METRICLAB_WIDE float weights_of_row(const float* d, float least, const float* leasts,
                                    std::int64_t count, std::int64_t same, float factor_same,
                                    float factor_other, const float* factors_same,
                                    const float* factors_other, float* weights, float* columns) {
  return weigh(d, least, leasts, count, same, factor_same, factor_other, factors_same,
               factors_other, weights, columns);
}
METRICLAB_WIDE double weights_of_row(const double* d, double least, const double* leasts,
                                     std::int64_t count, std::int64_t same, double factor_same,
                                     double factor_other, const double* factors_same,
                                     const double* factors_other, double* weights,
                                     double* columns) {
  return weigh(d, least, leasts, count, same, factor_same, factor_other, factors_same,
               factors_other, weights, columns);
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

/// Appends the j with d_j ≤ max(limit, limits_j) to `found`, from `first` on.
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

/// The smallest distance of each example, over tiles that hold each pair once.
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

/// Pairs that may matter, or nothing where they are too many.
bool collect(PairTiles<float>& tiles, const std::vector<float>& limits, Pairs& pairs) {
  const auto n = static_cast<double>(tiles.n());
  const auto most = static_cast<std::size_t>(kFewPairs * n * (n - 1) / 2);
  std::vector<std::int32_t> found(static_cast<std::size_t>(PairTiles<float>::kTile));
  bool few = true;
  tiles.visit([&](const PairTile<float>& tile) {
    if (!few) return;
    for (std::int64_t row = 0; row < tile.rows; ++row) {
      const std::int64_t i = tile.top + row;
      const std::int64_t count =
          within(tile.row(row), limits[static_cast<std::size_t>(i)], limits.data() + tile.left,
                 tile.columns, static_cast<std::int32_t>(tile.left), found.data());
      pairs.j.insert(pairs.j.end(), found.begin(), found.begin() + count);
      pairs.i.resize(pairs.j.size(), static_cast<std::int32_t>(i));
    }
    few = pairs.j.size() <= most;
  });
  return few;
}

auto& at(auto& values, std::int32_t i) { return values[static_cast<std::size_t>(i)]; }

/// The sum of the P_i over the pairs that matter; their part of the Laplacian of all weights is
/// added to `laplacian`. `end`: where each example's class ends.
double sum_over(Pairs& pairs, const Matrix& Z, const std::vector<std::int32_t>& end,
                Matrix& laplacian) {
  const std::size_t count = pairs.i.size(), n = end.size();
  for (std::vector<double>* values : {&pairs.distance, &pairs.from_i, &pairs.from_j})
    values->resize(count);
  pair_distances(Z.data(), Z.cols(), pairs);
  std::vector<double> least(n, std::numeric_limits<double>::infinity());
  for (std::size_t k = 0; k < count; ++k)
    for (const std::int32_t i : {pairs.i[k], pairs.j[k]})
      at(least, i) = std::min(at(least, i), pairs.distance[k]);
  for (std::size_t k = 0; k < count; ++k) {
    pairs.from_i[k] = at(least, pairs.i[k]) - pairs.distance[k];
    pairs.from_j[k] = at(least, pairs.j[k]) - pairs.distance[k];
  }
  exponentials(pairs.from_i.data(), count, pairs.from_i.data());
  exponentials(pairs.from_j.data(), count, pairs.from_j.data());
  std::vector<double> all(n, 0), same(n, 0);
  for (std::size_t k = 0; k < count; ++k) {
    const std::int32_t i = pairs.i[k], j = pairs.j[k];
    at(all, i) += pairs.from_i[k];
    at(all, j) += pairs.from_j[k];
    if (j >= at(end, i)) continue;
    at(same, i) += pairs.from_i[k];
    at(same, j) += pairs.from_j[k];
  }
  double value = 0;
  for (std::size_t i = 0; i < n; ++i) value += same[i] /= all[i];
  for (std::size_t k = 0; k < count; ++k) {
    const std::int32_t i = pairs.i[k], j = pairs.j[k];
    const double together = j < at(end, i) ? 1 : 0;
    pairs.distance[k] = pairs.from_i[k] / at(all, i) * (at(same, i) - together) +
                        pairs.from_j[k] / at(all, j) * (at(same, j) - together);
  }
  push_apart(Z.data(), Z.cols(), pairs, pairs.distance.data(), laplacian.data());
  return value;
}

/// The same over all pairs.
template <class T>
double sum_over(PairTiles<T>& tiles, const std::vector<T>& least, const Matrix& Z,
                const std::vector<std::int32_t>& end, Matrix& laplacian) {
  const auto n = static_cast<std::size_t>(tiles.n());
  constexpr auto kTile = static_cast<std::size_t>(PairTiles<T>::kTile);
  std::vector<T> scratch(2 * kTile), of_columns(2 * kTile);
  auto same_columns = [&](const PairTile<T>& tile, std::int64_t i) {
    return std::clamp<std::int64_t>(end[static_cast<std::size_t>(i)] - tile.left, 0, tile.columns);
  };
  std::vector<double> all(n, 0), same(n, 0);
  tiles.visit([&](const PairTile<T>& tile) {
    std::fill(of_columns.begin(), of_columns.end(), T(0));
    for (std::int64_t row = 0; row < tile.rows; ++row) {
      const std::int64_t i = tile.top + row;
      const auto at = static_cast<std::size_t>(i);
      const Shares<T> own = shares_of_row(tile.row(row), least[at], least.data() + tile.left,
                                          tile.columns, same_columns(tile, i), of_columns.data(),
                                          of_columns.data() + kTile, scratch.data());
      all[at] += double{own.all};
      same[at] += double{own.same};
    }
    for (std::int64_t j = 0; j < tile.columns; ++j) {
      all[static_cast<std::size_t>(tile.left + j)] +=
          double{of_columns[static_cast<std::size_t>(j)]};
      same[static_cast<std::size_t>(tile.left + j)] +=
          double{of_columns[kTile + static_cast<std::size_t>(j)]};
    }
  });
  double value = 0;
  Factors<T> factors{std::vector<T>(n), std::vector<T>(n)};
  for (std::size_t i = 0; i < n; ++i) {
    same[i] /= all[i];
    value += same[i];
    factors.same[i] = static_cast<T>((same[i] - 1) / all[i]);
    factors.other[i] = static_cast<T>(same[i] / all[i]);
  }
  using RowMajor = typename PairTiles<T>::RowMajor;
  RowMajor weights(kTile, kTile), pulled = RowMajor::Zero(Z.rows(), Z.cols());
  Vector degree = Vector::Zero(Z.rows());
  tiles.visit([&](const PairTile<T>& tile) {
    weights.resize(tile.rows, tile.columns);
    std::fill(of_columns.begin(), of_columns.end(), T(0));
    for (std::int64_t row = 0; row < tile.rows; ++row) {
      const std::int64_t i = tile.top + row;
      const auto at = static_cast<std::size_t>(i);
      degree[i] += double{weights_of_row(
          tile.row(row), least[at], least.data() + tile.left, tile.columns, same_columns(tile, i),
          factors.same[at], factors.other[at], factors.same.data() + tile.left,
          factors.other.data() + tile.left, weights.row(row).data(), of_columns.data())};
    }
    for (std::int64_t j = 0; j < tile.columns; ++j)
      degree[tile.left + j] += double{of_columns[static_cast<std::size_t>(j)]};
    pulled.middleRows(tile.top, tile.rows).noalias() +=
        weights * tiles.Z().middleRows(tile.left, tile.columns);
    pulled.middleRows(tile.left, tile.columns).noalias() +=
        weights.transpose() * tiles.Z().middleRows(tile.top, tile.rows);
  });
  laplacian += degree.asDiagonal() * Z - pulled.template cast<double>();
  return value;
}

}  // namespace

NcaObjective::NcaObjective(const Matrix& X, const std::vector<std::int32_t>& y) {
  Indices order;
  for (const Indices& members : class_members(y)) {
    order.insert(order.end(), members.begin(), members.end());
    end_.resize(order.size(), static_cast<std::int32_t>(order.size()));
  }
  X_ = X(order, Eigen::all);
  X_.rowwise() -= mean(X_).transpose();
}

double NcaObjective::operator()(const Matrix& L, Matrix& gradient) {
  const auto n = static_cast<double>(X_.rows());
  const Matrix Z = X_ * L.transpose();
  Matrix laplacian = Matrix::Zero(Z.rows(), Z.cols());
  double value = 0;
  bool summed = false;
  // Beyond this floats don't hold the distances.
  if (Z.allFinite() && Z.cwiseAbs().maxCoeff() < 1e15) {
    tiles_.assign(Z);
    const std::vector<float> least = nearest_distances(tiles_);
    std::vector<float> limits = least;
    // A bound that doesn't rest on chance, since a pair that is left out is lost.
    const double error = 2 * tiles_.error() * std::sqrt(static_cast<double>(Z.cols()));
    for (float& limit : limits) limit += static_cast<float>(kNegligible + 2 * error);
    Pairs pairs;
    if (seems_few(tiles_, limits) && collect(tiles_, limits, pairs)) {
      value = sum_over(pairs, Z, end_, laplacian);
      summed = true;
    } else if (n >= kFloatFrom && tiles_.error() < kFloatError) {
      value = sum_over(tiles_, least, Z, end_, laplacian);
      summed = true;
    }
  }
  if (!summed) {
    finer_tiles_.assign(Z);
    value = sum_over(finer_tiles_, nearest_distances(finer_tiles_), Z, end_, laplacian);
  }
  gradient.noalias() = 2 / n * laplacian.transpose() * X_;
  return value / n;
}

}  // namespace metriclab
