// SPDX-License-Identifier: BSD-3-Clause
#include <Eigen/Cholesky>
#include <algorithm>
#include <metriclab/classical/eigenproblem.hpp>
#include <metriclab/classical/local_directions.hpp>
#include <metriclab/neighbors/k_means.hpp>
#include <numeric>

namespace metriclab {
namespace {

/// The leading discriminants of a region, as unit rows.
Matrix discriminants_of(const Matrix& X, const std::vector<Indices>& regions, std::int64_t most) {
  constexpr double kRidge = 1e-3, kLeast = 1e-10;
  const std::int64_t d = X.cols(), n_classes = static_cast<std::int64_t>(regions.size());
  std::int64_t size = 0;
  for (const Indices& region : regions) size += static_cast<std::int64_t>(region.size());
  Matrix within(size, d), means(n_classes, d);
  Vector counts(n_classes);
  std::int64_t begin = 0;
  for (std::int64_t c = 0; c < n_classes; ++c) {
    const Indices& region = regions[static_cast<std::size_t>(c)];
    const auto count = static_cast<std::int64_t>(region.size());
    auto rows = within.middleRows(begin, count);
    rows = X(region, Eigen::all);
    means.row(c) = rows.colwise().mean();
    rows.rowwise() -= means.row(c).eval();
    counts[c] = static_cast<double>(count);
    begin += count;
  }
  means.rowwise() -= (counts.transpose() * means / counts.sum()).eval();
  means = counts.cwiseSqrt().asDiagonal() * means;
  Eigen::MatrixXd S = gram(within);
  const double ridge = kRidge * S.trace() / static_cast<double>(d);
  S.diagonal().array() += ridge > 0 ? ridge : 1;
  const Eigen::LLT<Eigen::MatrixXd> factor(S);
  if (factor.info() != Eigen::Success) return Matrix(0, d);
  // S_b = MᵀM, M (C × d): its discriminants are S⁻¹Mᵀv for the eigenvectors v of M S⁻¹ Mᵀ.
  const Eigen::MatrixXd half = factor.matrixL().solve(Eigen::MatrixXd(means.transpose()));
  const SymmetricEigen eigen = symmetric_eigen(half.transpose() * half);
  const std::int64_t rank =
      std::min(most, eigen.values[0] > 0 ? numerical_rank(eigen.values.cwiseMax(0), kLeast) : 0);
  const Eigen::MatrixXd directions =
      factor.matrixU().solve(half * eigen.vectors.topRows(rank).transpose());
  return Matrix(directions.transpose()).rowwise().normalized();
}

}  // namespace

Matrix local_discriminants(const Matrix& X, const std::vector<Indices>& members, std::int64_t count,
                           const Random& random) {
  constexpr std::int64_t kRounds = 10;  // the regions need no exact centres
  const std::int64_t d = X.cols();
  const std::int64_t each = std::min(static_cast<std::int64_t>(members.size()) - 1, d);
  const std::int64_t n_clusters =
      std::clamp<std::int64_t>((count + 2 * each - 1) / (2 * each), 1, X.rows());
  const Matrix centred = X.rowwise() - mean(X).transpose();
  const Matrix centres = k_means(centred, n_clusters, 1, kRounds, random).centres;
  const Matrix distances = squared_distances(centres, centred);
  Matrix directions(2 * centres.rows() * each, d);
  std::int64_t found = 0;
  for (std::int64_t c = 0; c < centres.rows(); ++c)
    for (const std::int64_t size : {20, 50}) {
      std::vector<Indices> regions;
      for (const Indices& own : members) {
        Indices& region = regions.emplace_back(own);
        const std::int64_t kept = std::min(size, static_cast<std::int64_t>(own.size()));
        std::nth_element(region.begin(), region.begin() + (kept - 1), region.end(),
                         [&](std::int64_t a, std::int64_t b) {
                           return std::pair(distances(c, a), a) < std::pair(distances(c, b), b);
                         });
        region.resize(static_cast<std::size_t>(kept));
      }
      const Matrix rows = discriminants_of(centred, regions, each);
      directions.middleRows(found, rows.rows()) = rows;
      found += rows.rows();
    }
  return directions.topRows(found);
}

Matrix triplet_directions(const Matrix& X, const TripletPairs& triplets, std::int64_t count,
                          Random random) {
  const std::int64_t d = X.cols(), size = 2 * d;
  const auto total = static_cast<std::int64_t>(triplets.near.size());
  std::vector<Matrix> draws;
  std::int64_t found = 0;
  const std::int64_t most = 2 * (count / d + 1);  // of draws, about half of whose directions count
  for (std::int64_t draw = 0; draw < most && found < count; ++draw) {
    std::vector<RowPair> pairs;
    Vector weights(2 * size);
    for (std::int64_t k = 0; k < size; ++k) {
      const auto t = static_cast<std::size_t>(random.below(total));
      pairs.push_back(triplets.pairs[static_cast<std::size_t>(triplets.near[t])]);
      pairs.push_back(triplets.pairs[static_cast<std::size_t>(triplets.far[t])]);
      weights[2 * k] = -1;
      weights[2 * k + 1] = 1;
    }
    Indices rows;
    for (RowPair& pair : pairs) {
      rows.push_back(pair.first);
      rows.push_back(pair.second);
      const auto place = static_cast<std::int32_t>(rows.size());
      pair = {place - 2, place - 1};
    }
    const SymmetricEigen eigen =
        symmetric_eigen(scatter_of_pairs(X(rows, Eigen::all), pairs, weights));
    if (eigen.values[0] <= 0) continue;
    const std::int64_t rank =
        std::min(count - found, numerical_rank(eigen.values.cwiseMax(0), 1e-10));
    draws.push_back(eigen.vectors.topRows(rank));
    found += rank;
  }
  Matrix directions(found, d);
  found = 0;
  for (const Matrix& rows : draws) {
    directions.middleRows(found, rows.rows()) = rows;
    found += rows.rows();
  }
  return directions;
}

}  // namespace metriclab
