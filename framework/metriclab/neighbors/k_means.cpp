// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <limits>
#include <metriclab/neighbors/k_means.hpp>
#include <metriclab/plugin/error.hpp>

namespace metriclab {
namespace {

/// Each next centre is a row, drawn by its squared distance from the nearest centre so far.
Matrix seeds(const Matrix& X, std::int64_t k, Random random) {
  const std::int64_t n = X.rows();
  Matrix centres(k, X.cols());
  Vector squares = Vector::Constant(n, std::numeric_limits<double>::infinity());
  std::int64_t chosen = random.below(n);
  for (std::int64_t c = 0; c < k; ++c) {
    centres.row(c) = X.row(chosen);
    squares = squares.cwiseMin((X.rowwise() - centres.row(c)).rowwise().squaredNorm());
    double rest = random.uniform() * squares.sum();
    chosen = -1;
    for (std::int64_t i = 0; i < n && (chosen < 0 || rest >= 0); ++i) {
      if (squares[i] <= 0) continue;
      chosen = i;
      rest -= squares[i];
    }
    if (chosen < 0) return centres.topRows(c + 1);  // every row is a centre
  }
  return centres;
}

/// The cluster of each row, and its squared distance from that centre.
void assign(const Matrix& X, Clusters& clusters, Vector& squares) {
  // ‖x‖² is the same for all centres.
  const Vector norms = clusters.centres.rowwise().squaredNorm();
  const Matrix products = X * clusters.centres.transpose();
  clusters.spread = 0;
  for (std::int64_t i = 0; i < X.rows(); ++i) {
    std::int64_t nearest = 0;
    (norms.transpose() - 2 * products.row(i)).minCoeff(&nearest);
    clusters.cluster[static_cast<std::size_t>(i)] = nearest;
    squares[i] = (X.row(i) - clusters.centres.row(nearest)).squaredNorm();
    clusters.spread += squares[i];
  }
}

void move_centres(const Matrix& X, Vector& squares, Clusters& clusters) {
  const std::int64_t k = clusters.centres.rows();
  clusters.centres.setZero();
  Vector sizes = Vector::Zero(k);
  for (std::int64_t i = 0; i < X.rows(); ++i) {
    const std::int64_t c = clusters.cluster[static_cast<std::size_t>(i)];
    clusters.centres.row(c) += X.row(i);
    ++sizes[c];
  }
  for (std::int64_t c = 0; c < k; ++c) {
    if (sizes[c] > 0) {
      clusters.centres.row(c) /= sizes[c];
      continue;
    }
    std::int64_t farthest = 0;
    squares.maxCoeff(&farthest);
    clusters.centres.row(c) = X.row(farthest);
    squares[farthest] = 0;
  }
}

}  // namespace

Clusters k_means(const Matrix& X, std::int64_t k, std::int64_t n_init, std::int64_t max_iterations,
                 const Random& random) {
  METRICLAB_CHECK(X.rows() > 0 && k > 0 && n_init > 0, "clusters of nothing");
  const Eigen::RowVectorXd middle = X.colwise().mean();
  const Matrix centred = X.rowwise() - middle;
  Clusters best;
  best.spread = std::numeric_limits<double>::infinity();
  Vector squares(X.rows());
  for (std::int64_t start = 0; start < n_init; ++start) {
    Clusters clusters;
    clusters.centres =
        seeds(centred, std::min(k, X.rows()), random.child(static_cast<std::uint64_t>(start)));
    clusters.cluster.resize(static_cast<std::size_t>(X.rows()));
    assign(centred, clusters, squares);
    for (std::int64_t step = 0; step < max_iterations; ++step) {
      const Indices before = clusters.cluster;
      move_centres(centred, squares, clusters);
      assign(centred, clusters, squares);
      if (clusters.cluster == before) break;
    }
    if (clusters.spread < best.spread) best = std::move(clusters);
  }
  best.centres.rowwise() += middle;
  return best;
}

}  // namespace metriclab
