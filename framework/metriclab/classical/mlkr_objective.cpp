// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/classical/mlkr_objective.hpp>
#include <metriclab/classical/pair_sums.hpp>
#include <metriclab/classical/vector_math.hpp>
#include <vector>

namespace metriclab {
namespace {

constexpr double kNegligible = 26;  // a part below e^−26 of an estimate is left out
constexpr double kFewPairs = 0.15;  // of all; single sums of more cost as much as products of all

// The loops over rows of tiles, in wide registers.

template <class T>
[[gnu::always_inline]] inline void both_minima(const T* d, std::int64_t count, T* least,
                                               T* leasts) {
  T smallest = *least;
  for (std::int64_t j = 0; j < count; ++j) {
    smallest = d[j] < smallest ? d[j] : smallest;
    leasts[j] = d[j] < leasts[j] ? d[j] : leasts[j];
  }
  *least = smallest;
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
    for (std::int64_t k = j; k < end; ++k)
      any |= d[k] <= (limit > limits[k] ? limit : limits[k]) ? 1 : 0;
    if (any == 0) continue;
    for (std::int64_t k = j; k < end; ++k)
      if (d[k] <= std::max(limit, limits[k])) found[n++] = first + static_cast<std::int32_t>(k);
  }
  return n;
}

METRICLAB_WIDE void exponentials(const double* x, std::int64_t count, double* y) {
  for (std::int64_t k = 0; k < count; ++k) y[k] = exp_of_negative(x[k] < 0 ? x[k] : 0);
}

/// Of one row of a tile with e_ij = exp(m_i − d_ij): own += (Σ e_ij, Σ e_ij y_j), and the columns'
/// sums with e_ji.
METRICLAB_WIDE void sums_of_row(const double* d, std::int64_t count, double least, double y,
                                const double* leasts, const double* ys, double* own, double* all,
                                double* all_y) {
  double sum = 0, sum_y = 0;
#pragma GCC ivdep
  for (std::int64_t j = 0; j < count; ++j) {
    const double a = least - d[j], b = leasts[j] - d[j];
    const double mine = exp_of_negative(a < 0 ? a : 0), theirs = exp_of_negative(b < 0 ? b : 0);
    sum += mine;
    sum_y += mine * ys[j];
    all[j] += theirs;
    all_y[j] += theirs * y;
  }
  own[0] += sum;
  own[1] += sum_y;
}

/// The row's weights c_i e_ij (y_j − ŷ_i) + c_j e_ji (y_i − ŷ_j); returns their sum, and adds them
/// to the columns'.
METRICLAB_WIDE double weights_of_row(const double* d, std::int64_t count, double least, double y,
                                     double c, double estimate, const double* leasts,
                                     const double* ys, const double* cs, const double* estimates,
                                     double* weights, double* columns) {
  double sum = 0;
#pragma GCC ivdep
  for (std::int64_t j = 0; j < count; ++j) {
    const double a = least - d[j], b = leasts[j] - d[j];
    const double mine = exp_of_negative(a < 0 ? a : 0), theirs = exp_of_negative(b < 0 ? b : 0);
    const double weight = c * mine * (ys[j] - estimate) + cs[j] * theirs * (y - estimates[j]);
    weights[j] = weight;
    columns[j] += weight;
    sum += weight;
  }
  return sum;
}

/// The smallest distance of each example.
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

/// Pairs within the limits, or nothing where they are too many.
std::vector<RowPair> near_pairs(PairTiles<float>& tiles, const std::vector<float>& limits) {
  const auto n = static_cast<double>(tiles.n());
  const auto most = static_cast<std::size_t>(kFewPairs * n * (n - 1) / 2 + n);
  std::vector<RowPair> pairs;
  std::vector<std::int32_t> found(static_cast<std::size_t>(PairTiles<float>::kTile));
  bool few = true;
  tiles.visit([&](const PairTile<float>& tile) {
    for (std::int64_t row = 0; few && row < tile.rows; ++row) {
      const auto i = static_cast<std::int32_t>(tile.top + row);
      const std::int64_t count =
          within(tile.row(row), limits[static_cast<std::size_t>(i)], limits.data() + tile.left,
                 tile.columns, static_cast<std::int32_t>(tile.left), found.data());
      for (std::int64_t k = 0; k < count; ++k)
        pairs.push_back({i, found[static_cast<std::size_t>(k)]});
      few = pairs.size() <= most;
    }
  });
  if (!few) pairs.clear();
  return pairs;
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
double sum_over(const std::vector<RowPair>& pairs, const Matrix& Z, const Vector& y,
                Matrix& laplacian) {
  const auto count = static_cast<std::int64_t>(pairs.size());
  const Vector distances = pair_distances(Z, pairs);
  Vector least = Vector::Constant(y.size(), std::numeric_limits<double>::infinity());
  auto each = [&](auto use) {
    for (std::int64_t k = 0; k < count; ++k)
      use(k, pairs[static_cast<std::size_t>(k)].first, pairs[static_cast<std::size_t>(k)].second);
  };
  each([&](std::int64_t k, std::int32_t i, std::int32_t j) {
    least[i] = std::min(least[i], distances[k]);
    least[j] = std::min(least[j], distances[k]);
  });
  Vector mine(count), theirs(count), weights(count);
  each([&](std::int64_t k, std::int32_t i, std::int32_t j) {
    mine[k] = least[i] - distances[k];
    theirs[k] = least[j] - distances[k];
  });
  exponentials(mine.data(), count, mine.data());
  exponentials(theirs.data(), count, theirs.data());
  Vector all = Vector::Zero(y.size()), all_y = all, estimates, factors;
  each([&](std::int64_t k, std::int32_t i, std::int32_t j) {
    all[i] += mine[k];
    all_y[i] += mine[k] * y[j];
    all[j] += theirs[k];
    all_y[j] += theirs[k] * y[i];
  });
  const double value = errors(all, all_y, y, estimates, factors);
  each([&](std::int64_t k, std::int32_t i, std::int32_t j) {
    weights[k] = factors[i] * mine[k] * (y[j] - estimates[i]) +
                 factors[j] * theirs[k] * (y[i] - estimates[j]);
  });
  add_laplacian(Z, pairs, weights, laplacian);
  return value;
}

/// The same over all pairs.
double sum_over(PairTiles<double>& tiles, const Vector& y, Matrix& laplacian) {
  const std::vector<double> least = nearest_distances(tiles);
  const auto n = static_cast<std::int64_t>(least.size());
  Vector all = Vector::Zero(n), all_y = all, estimates, factors;
  tiles.visit([&](const PairTile<double>& tile) {
    for (std::int64_t row = 0; row < tile.rows; ++row) {
      const std::int64_t i = tile.top + row;
      double own[2] = {};
      sums_of_row(tile.row(row), tile.columns, least[static_cast<std::size_t>(i)], y[i],
                  least.data() + tile.left, y.data() + tile.left, own, all.data() + tile.left,
                  all_y.data() + tile.left);
      all[i] += own[0];
      all_y[i] += own[1];
    }
  });
  const double value = errors(all, all_y, y, estimates, factors);
  Matrix weights;
  Vector degree = Vector::Zero(n);
  tiles.visit([&](const PairTile<double>& tile) {
    weights.resize(tile.rows, tile.columns);
    for (std::int64_t row = 0; row < tile.rows; ++row) {
      const std::int64_t i = tile.top + row, left = tile.left;
      degree[i] += weights_of_row(tile.row(row), tile.columns, least[static_cast<std::size_t>(i)],
                                  y[i], factors[i], estimates[i], least.data() + left,
                                  y.data() + left, factors.data() + left, estimates.data() + left,
                                  weights.row(row).data(), degree.data() + left);
    }
    laplacian.middleRows(tile.top, tile.rows).noalias() -=
        weights * tiles.Z().middleRows(tile.left, tile.columns);
    laplacian.middleRows(tile.left, tile.columns).noalias() -=
        weights.transpose() * tiles.Z().middleRows(tile.top, tile.rows);
  });
  laplacian += degree.asDiagonal() * tiles.Z();
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
  std::vector<RowPair> pairs;
  // Beyond this floats don't hold the distances.
  if (Z.allFinite() && Z.cwiseAbs().maxCoeff() < 1e15) {
    tiles_.assign(Z);
    std::vector<float> limits = nearest_distances(tiles_);
    // A bound that doesn't rest on chance, since a pair that is left out is lost.
    const double error = 2 * tiles_.error() * std::sqrt(static_cast<double>(Z.cols()));
    for (float& limit : limits) limit += static_cast<float>(kNegligible + 2 * error);
    pairs = near_pairs(tiles_, limits);
  }
  double value = 0;
  if (!pairs.empty()) {
    value = sum_over(pairs, Z, y_, laplacian);
  } else {
    finer_tiles_.assign(Z);
    value = sum_over(finer_tiles_, y_, laplacian);
  }
  gradient.noalias() = 2 * laplacian.transpose() * X_;
  return value;
}

}  // namespace metriclab
