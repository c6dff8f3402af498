// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/classical/mlkr_objective.hpp>
#include <metriclab/classical/soft_neighbors.hpp>
#include <metriclab/classical/vector_math.hpp>
#include <vector>

namespace metriclab {
namespace {

// The loops over rows of tiles, in wide registers.

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
  const PairWeights e = pair_weights(Z, pairs);
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
  double value = 0;
  const Screening screening = screen(Z, tiles_);
  if (screening.few) {
    value = sum_over(screening.pairs, Z, y_, laplacian);
  } else {
    finer_tiles_.assign(Z);
    value = sum_over(finer_tiles_, y_, laplacian);
  }
  gradient.noalias() = 2 * laplacian.transpose() * X_;
  return value;
}

}  // namespace metriclab
