// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/classical/mlkr_objective.hpp>
#include <metriclab/classical/soft_neighbors.hpp>
#include <metriclab/data/vector_math.hpp>
#include <numeric>
#include <utility>
#include <vector>

namespace metriclab {
namespace {

// The loops over rows of tiles, in wide registers.

/// Of one row of a tile with e_ij = exp(m_i − d_ij): own = (Σ e_ij, Σ e_ij y_j), and the columns'
/// sums with e_ji are added to theirs.
template <class T>
[[gnu::always_inline]] inline void sum_row(const T* d, std::int64_t count, T least, T y,
                                           const T* leasts, const T* ys, T* own, T* all, T* all_y) {
  T sums[16] = {}, sums_y[16] = {};
  for (std::int64_t first = 0; first < count; first += 16) {
    const std::int64_t end = std::min<std::int64_t>(16, count - first);
#pragma GCC ivdep
    for (std::int64_t lane = 0; lane < end; ++lane) {
      const std::int64_t j = first + lane;
      const T a = least - d[j], b = leasts[j] - d[j];
      const T mine = exp_of_negative(a < 0 ? a : 0), theirs = exp_of_negative(b < 0 ? b : 0);
      sums[lane] += mine;
      sums_y[lane] += mine * ys[j];
      all[j] += theirs;
      all_y[j] += theirs * y;
    }
  }
  own[0] = std::accumulate(sums, sums + 16, T(0));
  own[1] = std::accumulate(sums_y, sums_y + 16, T(0));
}
METRICLAB_WIDE void sums_of_row(const float* d, std::int64_t count, float least, float y,
                                const float* leasts, const float* ys, float* own, float* all,
                                float* all_y) {
  sum_row(d, count, least, y, leasts, ys, own, all, all_y);
}
METRICLAB_WIDE void sums_of_row(const double* d, std::int64_t count, double least, double y,
                                const double* leasts, const double* ys, double* own, double* all,
                                double* all_y) {
  sum_row(d, count, least, y, leasts, ys, own, all, all_y);
}

/// What the weights are made of, for each example.
template <class T>
struct Terms {
  std::vector<T> least, y, factor, estimate;
};

/// The row's weights c_i e_ij (y_j − ŷ_i) + c_j e_ji (y_i − ŷ_j); returns their sum, and adds them
/// to the columns'.
template <class T>
[[gnu::always_inline]] inline T weigh_row(const T* d, std::int64_t count, T least, T y, T c,
                                          T estimate, const T* leasts, const T* ys, const T* cs,
                                          const T* estimates, T* weights, T* columns) {
  T sums[16] = {};
  for (std::int64_t first = 0; first < count; first += 16) {
    const std::int64_t end = std::min<std::int64_t>(16, count - first);
#pragma GCC ivdep
    for (std::int64_t lane = 0; lane < end; ++lane) {
      const std::int64_t j = first + lane;
      const T a = least - d[j], b = leasts[j] - d[j];
      const T mine = exp_of_negative(a < 0 ? a : 0), theirs = exp_of_negative(b < 0 ? b : 0);
      const T weight = c * mine * (ys[j] - estimate) + cs[j] * theirs * (y - estimates[j]);
      weights[j] = weight;
      columns[j] += weight;
      sums[lane] += weight;
    }
  }
  return std::accumulate(sums, sums + 16, T(0));
}
METRICLAB_WIDE float weights_of_row(const PairTile<float>& tile, std::int64_t row,
                                    const Terms<float>& is, float* weights, float* columns) {
  const auto i = static_cast<std::size_t>(tile.top + row);
  return weigh_row(tile.row(row), tile.columns, is.least[i], is.y[i], is.factor[i], is.estimate[i],
                   is.least.data() + tile.left, is.y.data() + tile.left,
                   is.factor.data() + tile.left, is.estimate.data() + tile.left, weights, columns);
}
METRICLAB_WIDE double weights_of_row(const PairTile<double>& tile, std::int64_t row,
                                     const Terms<double>& is, double* weights, double* columns) {
  const auto i = static_cast<std::size_t>(tile.top + row);
  return weigh_row(tile.row(row), tile.columns, is.least[i], is.y[i], is.factor[i], is.estimate[i],
                   is.least.data() + tile.left, is.y.data() + tile.left,
                   is.factor.data() + tile.left, is.estimate.data() + tile.left, weights, columns);
}

/// From Σ e_ij and Σ e_ij y_j of each example its estimate ŷ_i and c_i = −2(ŷ_i − y_i)/Σ e_ij, the
/// factor of e_ij (y_j − ŷ_i) in the derivative by d_ij; returns Σ (ŷ_i − y_i)².
double errors(const Vector& all, const Vector& all_y, const Vector& y, Vector& estimates,
              Vector& factors) {
  estimates = all_y.cwiseQuotient(all);
  const Vector rest = estimates - y;
  factors = -2 * rest.cwiseQuotient(all);
  return rest.squaredNorm();
}

/// The value over these pairs; adds their part of the Laplacian of the weights, times Z.
double sum_over(const NearPairs& e, const Matrix& Z, const Vector& y, Matrix& laplacian) {
  const std::vector<RowPair>& pairs = e.pairs;
  auto each = [&](auto use) {
    for (std::size_t k = 0; k < pairs.size(); ++k)
      use(static_cast<Eigen::Index>(k), pairs[k].first, pairs[k].second);
  };
  Vector all = Vector::Zero(y.size()), all_y = all, estimates, factors, weights(e.first.size());
  each([&](Eigen::Index k, std::int32_t i, std::int32_t j) {
    all[i] += e.first[k];
    all_y[i] += e.first[k] * y[j];
    all[j] += e.second[k];
    all_y[j] += e.second[k] * y[i];
  });
  const double value = errors(all, all_y, y, estimates, factors);
  each([&](Eigen::Index k, std::int32_t i, std::int32_t j) {
    weights[k] = factors[i] * e.first[k] * (y[j] - estimates[i]) +
                 factors[j] * e.second[k] * (y[i] - estimates[j]);
  });
  add_laplacian(Z, pairs, weights, laplacian);
  return value;
}

/// The same over all pairs; `least`: m.
template <class T>
double sum_over(PairTiles<T>& tiles, std::vector<T> least, const Matrix& Z, const Vector& y,
                Matrix& laplacian) {
  constexpr auto kTile = static_cast<std::size_t>(PairTiles<T>::kTile);
  Terms<T> is{std::move(least), {y.begin(), y.end()}, {}, {}};
  std::vector<T> of_columns(2 * kTile);
  Vector all = Vector::Zero(y.size()), all_y = all, estimates, factors;
  tiles.visit([&](const PairTile<T>& tile) {
    std::fill(of_columns.begin(), of_columns.end(), T(0));
    for (std::int64_t row = 0; row < tile.rows; ++row) {
      const std::int64_t i = tile.top + row;
      const auto at = static_cast<std::size_t>(i);
      T own[2] = {};
      sums_of_row(tile.row(row), tile.columns, is.least[at], is.y[at], is.least.data() + tile.left,
                  is.y.data() + tile.left, own, of_columns.data(), of_columns.data() + kTile);
      all[i] += double{own[0]};
      all_y[i] += double{own[1]};
    }
    for (std::int64_t j = 0; j < tile.columns; ++j) {
      all[tile.left + j] += double{of_columns[static_cast<std::size_t>(j)]};
      all_y[tile.left + j] += double{of_columns[kTile + static_cast<std::size_t>(j)]};
    }
  });
  const double value = errors(all, all_y, y, estimates, factors);
  is.estimate.assign(estimates.begin(), estimates.end());
  is.factor.assign(factors.begin(), factors.end());
  using RowMajor = typename PairTiles<T>::RowMajor;
  RowMajor weights(kTile, kTile), pulled = RowMajor::Zero(Z.rows(), Z.cols());
  Vector degree = Vector::Zero(y.size());
  tiles.visit([&](const PairTile<T>& tile) {
    weights.resize(tile.rows, tile.columns);
    std::fill(of_columns.begin(), of_columns.end(), T(0));
    for (std::int64_t row = 0; row < tile.rows; ++row)
      degree[tile.top + row] +=
          double{weights_of_row(tile, row, is, weights.row(row).data(), of_columns.data())};
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

MlkrObjective::MlkrObjective(const Matrix& X, const Vector& targets)
    : X_(X.rowwise() - mean(X).transpose()), y_(targets.array() - targets.mean()) {
  METRICLAB_CHECK(X.rows() >= 2 && X.rows() == targets.size(), "a target for each of two examples");
}

double MlkrObjective::operator()(const Matrix& L, Matrix& gradient) {
  const Matrix Z = X_ * L.transpose();
  Matrix laplacian = Matrix::Zero(Z.rows(), Z.cols());
  double value = 0;
  if (const NearPairs* near = screen_.few(Z)) {
    value = sum_over(*near, Z, y_, laplacian);
  } else if (screen_.single_suffices()) {
    value = sum_over(screen_.tiles(), screen_.nearest(), Z, y_, laplacian);
  } else {
    finer_tiles_.assign(Z);
    value = sum_over(finer_tiles_, nearest_distances(finer_tiles_), Z, y_, laplacian);
  }
  gradient.noalias() = 2 * laplacian.transpose() * X_;
  return value;
}

}  // namespace metriclab
