// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/evaluation/by_class.hpp>
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/evaluation/prototypes.hpp>
#include <metriclab/neighbors/measure.hpp>

namespace metriclab {
namespace {

constexpr double kShortest = 1e-12;

void scale_to_length_one(Matrix& rows) {
  const std::vector<double> factors = inverse_norms(Rows<double>(rows));
  for (std::int64_t i = 0; i < rows.rows(); ++i)
    rows.row(i) *= factors[static_cast<std::size_t>(i)];
}

/// The nearest prototype of each class in its own block, the classes by rising label.
std::vector<std::int32_t> nearest_in_blocks(const Matrix& test, const Prototypes& prototypes) {
  std::vector<std::int32_t> labels(static_cast<std::size_t>(test.rows()));
  Vector least = Vector::Constant(test.rows(), std::numeric_limits<double>::infinity());
  for (const auto& [label, of_class] : members_by_class(prototypes.labels)) {
    const std::int64_t begin = label * prototypes.block_width;
    const Matrix block = test.middleCols(begin, prototypes.block_width);
    const Matrix points = prototypes.points(of_class, Eigen::seqN(begin, prototypes.block_width));
    const auto found = nearest_neighbors(block, points, 1, Distance::squared_euclidean);
    for (std::int64_t i = 0; i < test.rows(); ++i) {
      if (found.distances(i, 0) >= least[i]) continue;
      least[i] = found.distances(i, 0);
      labels[static_cast<std::size_t>(i)] = label;
    }
  }
  return labels;
}

}  // namespace

Matrix mean_of(const Matrix& rows, Distance distance) {
  if (distance != Distance::poincare) return rows.colwise().mean();
  Matrix sum = Matrix::Zero(1, rows.cols());
  double w = 0;
  const std::vector<double> factors = inverse_rooms(Rows<double>(rows));
  for (std::int64_t i = 0; i < rows.rows(); ++i) {
    const double lambda = 2 * factors[static_cast<std::size_t>(i)];
    sum += lambda * rows.row(i);
    w += lambda - 1;
  }
  // Two points on the hyperboloid have an inner product of at least 1, n of them together n².
  const auto n = static_cast<double>(rows.rows());
  return sum / (w + std::sqrt(std::max(w * w - sum.squaredNorm(), n * n)));
}

Prototypes prototypes_of(const Embedded& train, Distance distance, const Represent& represent) {
  const std::int64_t d = train.embeddings.cols();
  Prototypes prototypes;
  if (distance == Distance::by_class) prototypes.block_width = block_width(train);
  std::vector<Matrix> of_classes;
  for (const auto& [label, members] : members_by_class(train.labels())) {
    const std::int64_t width = distance == Distance::by_class ? prototypes.block_width : d;
    const std::int64_t begin = distance == Distance::by_class ? label * width : 0;
    Matrix rows = train.embeddings(members, Eigen::seqN(begin, width)).cast<double>();
    if (distance == Distance::cosine) scale_to_length_one(rows);
    const Matrix points = represent(rows, label);
    METRICLAB_CHECK(points.rows() > 0 && points.cols() == width, "a class without prototypes");
    of_classes.push_back(Matrix::Zero(points.rows(), d));
    of_classes.back().middleCols(begin, width) = points;
    prototypes.labels.resize(prototypes.labels.size() + static_cast<std::size_t>(points.rows()),
                             label);
  }
  prototypes.points.resize(static_cast<std::int64_t>(prototypes.labels.size()), d);
  std::int64_t at = 0;
  for (const Matrix& points : of_classes) {
    prototypes.points.middleRows(at, points.rows()) = points;
    at += points.rows();
  }
  if (distance == Distance::cosine)
    for (std::int64_t j = 0; j < prototypes.points.rows(); ++j)
      if (prototypes.points.row(j).norm() < kShortest) prototypes.points.row(j).setZero();
  return prototypes;
}

std::vector<std::int32_t> nearest_prototypes(const Embedded& test, const Prototypes& prototypes,
                                             Distance distance) {
  constexpr std::int64_t kBlock = 4096;
  const std::int64_t n = test.embeddings.rows();
  std::vector<std::int32_t> labels;
  for (std::int64_t begin = 0; begin < n; begin += kBlock) {
    const Matrix block =
        test.embeddings.middleRows(begin, std::min(kBlock, n - begin)).cast<double>();
    if (distance == Distance::by_class) {
      const auto found = nearest_in_blocks(block, prototypes);
      labels.insert(labels.end(), found.begin(), found.end());
      continue;
    }
    const auto found = nearest_neighbors(block, prototypes.points, 1, distance);
    for (std::int64_t i = 0; i < block.rows(); ++i)
      labels.push_back(prototypes.labels[static_cast<std::size_t>(found.indices(i, 0))]);
  }
  return labels;
}

}  // namespace metriclab
