// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/classical/nca_objective.hpp>
#include <metriclab/classical/soft_neighbors.hpp>
#include <metriclab/classical/supervision.hpp>
#include <metriclab/data/vector_math.hpp>

namespace metriclab {
namespace {

// The loops over rows of tiles, in wide registers.

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

/// The sum of the P_i over the pairs that matter; their part of the Laplacian of all weights is
/// added to `laplacian`. `end`: where each example's class ends.
double sum_over(const NearPairs& e, const Matrix& Z, const std::vector<std::int32_t>& end,
                Matrix& laplacian) {
  const std::vector<RowPair>& pairs = e.pairs;
  auto each = [&](auto use) {
    for (std::size_t k = 0; k < pairs.size(); ++k) {
      const auto [i, j] = pairs[k];
      use(static_cast<Eigen::Index>(k), i, j, j < end[static_cast<std::size_t>(i)]);
    }
  };
  Vector all = Vector::Zero(Z.rows()), same = all, weights(e.first.size());
  each([&](Eigen::Index k, std::int32_t i, std::int32_t j, bool together) {
    all[i] += e.first[k];
    all[j] += e.second[k];
    if (!together) return;
    same[i] += e.first[k];
    same[j] += e.second[k];
  });
  const Vector P = same.cwiseQuotient(all);
  each([&](Eigen::Index k, std::int32_t i, std::int32_t j, bool together) {
    const double own = together ? 1 : 0;
    weights[k] = e.first[k] / all[i] * (P[i] - own) + e.second[k] / all[j] * (P[j] - own);
  });
  add_laplacian(Z, pairs, weights, laplacian);
  return P.sum();
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
  if (const NearPairs* near = screen_.few(Z)) {
    value = sum_over(*near, Z, end_, laplacian);
  } else if (screen_.single_suffices()) {
    value = sum_over(screen_.tiles(), screen_.nearest(), Z, end_, laplacian);
  } else {
    finer_tiles_.assign(Z);
    value = sum_over(finer_tiles_, nearest_distances(finer_tiles_), Z, end_, laplacian);
  }
  gradient.noalias() = 2 / n * laplacian.transpose() * X_;
  return value / n;
}

}  // namespace metriclab
