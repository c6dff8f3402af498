// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <limits>
#include <map>
#include <metriclab/evaluation/anomaly_scores.hpp>
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/evaluation/prototypes.hpp>
#include <metriclab/neighbors/measure.hpp>
#include <metriclab/neighbors/search.hpp>

namespace metriclab {
namespace {

constexpr std::int64_t kRows = 4096;
constexpr double kLeastReach = 1e-10;

/// The k nearest and their distances in double, (m × k) each.
struct Nearest {
  decltype(Neighbors<float>::indices) indices;
  Matrix distances;

  Nearest(const Neighbors<float>& found, const MatrixF& of, const MatrixF& among, Distance distance)
      : indices(found.indices), distances(found.indices.rows(), found.indices.cols()) {
    const Measure<float> measure(of, among, distance);
    for (std::int64_t i = 0; i < indices.rows(); ++i)
      for (std::int64_t rank = 0; rank < indices.cols(); ++rank)
        distances(i, rank) = measure.named(measure(i, indices(i, rank)));
  }
};

/// lrd of each of `of`, whose neighbours have `reach` as the distance to their own k-th.
Vector reachability_densities(const Nearest& of, const Vector& reach) {
  Vector densities(of.indices.rows());
  for (std::int64_t i = 0; i < densities.size(); ++i) {
    double sum = 0;
    for (std::int64_t rank = 0; rank < of.indices.cols(); ++rank)
      sum += std::max(reach[of.indices(i, rank)], of.distances(i, rank));
    densities[i] = 1 / (sum / static_cast<double>(of.indices.cols()) + kLeastReach);
  }
  return densities;
}

/// Rows in double; of cosine, of length 1.
Matrix rows_of(const MatrixF& embeddings, const Indices& indices, Distance distance) {
  Matrix rows = embeddings(indices, Eigen::all).cast<double>();
  if (distance != Distance::cosine) return rows;
  const std::vector<double> factors = inverse_norms(Rows<double>(rows));
  for (std::int64_t i = 0; i < rows.rows(); ++i)
    rows.row(i) *= factors[static_cast<std::size_t>(i)];
  return rows;
}

/// Calls `visit(begin, rows)` for some thousand of the rows of these indices at a time.
template <class Visit>
void for_each_block(const MatrixF& embeddings, const Indices& indices, Distance distance,
                    Visit visit) {
  for (std::size_t begin = 0; begin < indices.size(); begin += kRows) {
    const std::size_t end = std::min(indices.size(), begin + kRows);
    visit(static_cast<std::int64_t>(begin),
          rows_of(embeddings,
                  Indices(indices.begin() + static_cast<std::ptrdiff_t>(begin),
                          indices.begin() + static_cast<std::ptrdiff_t>(end)),
                  distance));
  }
}

/// Class means (C × d) and the covariance around them (d × d).
struct Normals {
  Matrix means, covariance;
};

Normals normals_of(const MatrixF& normal, const std::vector<std::int32_t>& labels,
                   Distance distance) {
  const auto members = members_by_class(labels);
  const std::int64_t d = normal.cols();
  Normals of{.means = Matrix::Zero(static_cast<std::int64_t>(members.size()), d),
             .covariance = Matrix::Zero(d, d)};
  std::int64_t c = 0;
  for (const auto& [label, indices] : members) {
    auto mean = of.means.row(c++);
    for_each_block(normal, indices, distance,
                   [&](std::int64_t, const Matrix& rows) { mean += rows.colwise().sum(); });
    mean /= static_cast<double>(indices.size());
    for_each_block(normal, indices, distance, [&](std::int64_t, const Matrix& rows) {
      const Matrix apart = rows.rowwise() - mean;
      of.covariance.noalias() += apart.transpose() * apart;
    });
  }
  of.covariance /= static_cast<double>(labels.size());
  return of;
}

}  // namespace

AnomalyScores kth_neighbor_scores(const MatrixF& test, const MatrixF& normal, std::int64_t k,
                                  Distance distance, int threads) {
  const Nearest nearest(nearest_neighbors(test, normal, k, distance, threads), test, normal,
                        distance);
  AnomalyScores scores;
  for (std::int64_t i = 0; i < test.rows(); ++i)
    scores.values.push_back(nearest.distances(i, k - 1));
  return scores;
}

AnomalyScores local_outlier_factors(const MatrixF& test, const MatrixF& normal, std::int64_t k,
                                    Distance distance, int threads) {
  METRICLAB_CHECK(distance != Distance::dot && distance != Distance::bilinear,
                  "local outlier factors of distances that may be negative");
  const Nearest within(nearest_neighbors(normal, k, distance, threads), normal, normal, distance);
  const Vector reach = within.distances.col(k - 1);
  const Vector of_normal = reachability_densities(within, reach);
  const Nearest nearest(nearest_neighbors(test, normal, k, distance, threads), test, normal,
                        distance);
  const Vector of_test = reachability_densities(nearest, reach);
  AnomalyScores scores;
  for (std::int64_t i = 0; i < test.rows(); ++i) {
    double sum = 0;
    for (std::int64_t rank = 0; rank < k; ++rank) sum += of_normal[nearest.indices(i, rank)];
    scores.values.push_back(sum / static_cast<double>(k) / of_test[i]);
  }
  return scores;
}

AnomalyScores mahalanobis_scores(const MatrixF& test, const MatrixF& normal,
                                 const std::vector<std::int32_t>& labels, double shrinkage,
                                 Distance distance) {
  METRICLAB_CHECK(distance == Distance::euclidean || distance == Distance::squared_euclidean ||
                      distance == Distance::cosine,
                  "a Mahalanobis distance in the place of a distance it is no form of");
  METRICLAB_CHECK(static_cast<std::int64_t>(labels.size()) == normal.rows(),
                  "a class for each normal example");
  Normals of = normals_of(normal, labels, distance);
  const std::int64_t d = normal.cols();
  if (d == 0)
    return {.values = std::vector<double>(static_cast<std::size_t>(test.rows())), .reason = {}};
  const double scale = of.covariance.trace() / static_cast<double>(d);
  // In units of the mean variance, which the bound on pivots below is relative to.
  const double unit = scale > 0 ? scale : 1;
  Matrix shrunk = Matrix::Identity(d, d);
  if (scale > 0) shrunk = (1 - shrinkage) / unit * of.covariance + shrinkage * shrunk;
  const Eigen::LLT<Matrix> factor(shrunk);
  const auto pivots = factor.matrixLLT().diagonal();
  const double rounding = std::numeric_limits<double>::epsilon() * static_cast<double>(d);
  if (factor.info() != Eigen::Success || !(pivots.array().square() > rounding).all())
    return {.values = {},
            .reason = fmt::format("the covariance of {} normal examples in {} dimensions has no "
                                  "inverse; raise \"shrinkage\"",
                                  normal.rows(), d)};
  const Matrix means = factor.matrixL().solve(of.means.transpose()).transpose();
  Indices all(static_cast<std::size_t>(test.rows()));
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
  AnomalyScores scores;
  for_each_block(test, all, distance, [&](std::int64_t, const Matrix& rows) {
    const Matrix at = factor.matrixL().solve(rows.transpose()).transpose();
    for (std::int64_t i = 0; i < at.rows(); ++i)
      scores.values.push_back((means.rowwise() - at.row(i)).rowwise().squaredNorm().minCoeff() /
                              unit);
  });
  return scores;
}

AnomalyScores center_scores(const MatrixF& test, const MatrixF& normal, Distance distance) {
  const Embedded together{
      .embeddings = normal,
      .columns = {{.name = "class",
                   .values = std::vector<std::int32_t>(static_cast<std::size_t>(normal.rows())),
                   .classes = {}}}};
  const Prototypes center =
      prototypes_of(together, distance,
                    [&](const Matrix& rows, std::int32_t) { return mean_of(rows, distance); });
  AnomalyScores scores;
  for (std::int64_t begin = 0; begin < test.rows(); begin += kRows) {
    const Matrix rows = test.middleRows(begin, std::min(kRows, test.rows() - begin)).cast<double>();
    const Measure<double> measure(rows, center.points, distance);
    for (std::int64_t i = 0; i < rows.rows(); ++i)
      scores.values.push_back(measure.named(measure(i, 0)));
  }
  return scores;
}

}  // namespace metriclab
