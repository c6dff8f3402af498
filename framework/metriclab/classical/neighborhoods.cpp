// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <metriclab/classical/neighborhoods.hpp>
#include <metriclab/data/vector_math.hpp>
#include <metriclab/neighbors/search.hpp>

namespace metriclab {
namespace {

/// Adds (x − y)(x − y)ᵀ/k over the k neighbours y of each x to the lower triangle of `sum`.
void add_scatter(const Matrix& points, const Matrix& others, const Neighbors<double>& near,
                 Matrix& sum) {
  constexpr std::int64_t kBlock = 1024;  // differences that are held at a time
  const std::int64_t k = near.indices.cols(), total = points.rows() * k;
  if (total == 0) return;
  const double weight = 1 / std::sqrt(static_cast<double>(k));
  Matrix differences(std::min(kBlock, total), points.cols());
  for (std::int64_t begin = 0; begin < total; begin += kBlock) {
    const std::int64_t rows = std::min(kBlock, total - begin);
    for (std::int64_t row = 0; row < rows; ++row) {
      const std::int64_t i = (begin + row) / k, neighbor = (begin + row) % k;
      differences.row(row) = weight * (points.row(i) - others.row(near.indices(i, neighbor)));
    }
    sum.selfadjointView<Eigen::Lower>().rankUpdate(differences.topRows(rows).transpose());
  }
}

}  // namespace

NeighborScatter neighbor_scatter(const Matrix& X, const std::vector<Indices>& members,
                                 std::int64_t n_friends, std::int64_t n_enemies) {
  const std::int64_t n = X.rows(), d = X.cols();
  NeighborScatter scatter{Matrix::Zero(d, d), Matrix::Zero(d, d)};
  std::vector<std::size_t> class_of(static_cast<std::size_t>(n));
  for (std::size_t c = 0; c < members.size(); ++c)
    for (std::int64_t i : members[c]) class_of[static_cast<std::size_t>(i)] = c;
  for (std::size_t c = 0; c < members.size(); ++c) {
    const auto size = static_cast<std::int64_t>(members[c].size());
    const Matrix points = X(members[c], Eigen::all);
    if (size > 1) {
      add_scatter(points, points, nearest_neighbors(points, std::min(n_friends, size - 1)),
                  scatter.friends);
      scatter.n_friends += size;
    }
    if (size == n) continue;
    Indices rest;
    for (std::int64_t i = 0; i < n; ++i)
      if (class_of[static_cast<std::size_t>(i)] != c) rest.push_back(i);
    const Matrix others = X(rest, Eigen::all);
    add_scatter(points, others, nearest_neighbors(points, others, std::min(n_enemies, n - size)),
                scatter.enemies);
    scatter.n_enemies += size;
  }
  for (Matrix* sum : {&scatter.friends, &scatter.enemies})
    sum->triangularView<Eigen::StrictlyUpper>() = sum->transpose();
  return scatter;
}

METRICLAB_WIDE void scaled_exponentials(double* a, const double* scales, double scale,
                                        std::int64_t n) {
  for (std::int64_t j = 0; j < n; ++j) a[j] = exp_of_negative(-(a[j] * (scale * scales[j])));
}

}  // namespace metriclab
