// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/evaluation/dispersion.hpp>
#include <metriclab/plugin/error.hpp>

namespace metriclab {
namespace {

/// Seen from the first row, so that equal rows are exactly 0, however far from the origin.
Matrix from_first(const MatrixF& embeddings) {
  Matrix X = embeddings.cast<double>();
  if (X.rows() > 0) X.rowwise() -= Matrix(X.row(0)).row(0);
  return X;
}

/// Examples of one class next to each other: [begin, end) of each by rising label.
struct Run {
  std::int32_t label = 0;
  std::int64_t begin = 0, end = 0;
  double others() const { return static_cast<double>(end - begin - 1); }
};

/// ‖x_i − x_j‖² of rows begin … begin + count − 1 to all, exactly 0 for a row and itself.
Matrix squares(const Matrix& X, const Vector& norms, std::int64_t begin, std::int64_t count) {
  Matrix result = -2 * X.middleRows(begin, count) * X.transpose();
  result.colwise() += norms.segment(begin, count);
  result.rowwise() += norms.transpose();
  for (std::int64_t i = 0; i < count; ++i) result(i, begin + i) = 0;
  return result.cwiseMax(0);
}

}  // namespace

ClassMeans class_means(const MatrixF& embeddings, const std::vector<std::int32_t>& labels) {
  const Matrix X = from_first(embeddings);
  const auto members = members_by_class(labels);
  const auto classes = static_cast<std::int64_t>(members.size());
  ClassMeans is;
  if (classes == 0) {
    is.inter_mean = std::numeric_limits<double>::quiet_NaN();
    return is;
  }
  Matrix means(classes, X.cols());
  Vector sums = Vector::Zero(classes);  // of each class's distances to the others
  std::int64_t c = 0;
  const Matrix mean = X.colwise().mean();
  for (const auto& [label, of_class] : members) {
    means.row(c) = X(of_class, Eigen::all).colwise().mean();
    for (std::int64_t i : of_class) is.within += (X.row(i) - means.row(c)).squaredNorm();
    is.between += static_cast<double>(of_class.size()) * (means.row(c) - mean.row(0)).squaredNorm();
    for (std::int64_t other = 0; other < c; ++other) {
      const double distance = (means.row(c) - means.row(other)).norm();
      sums[c] += distance;
      sums[other] += distance;
    }
    ++c;
  }
  c = 0;
  const auto others = static_cast<double>(classes - 1);
  for (const auto& [label, of_class] : members) is.inter[label] = sums[c++] / others;
  is.inter_mean = sums.sum() / (static_cast<double>(classes) * others);
  return is;
}

PairMeans pair_means(const MatrixF& embeddings, const std::vector<std::int32_t>& labels) {
  constexpr std::int64_t kBlock = 256;
  const std::int64_t n = embeddings.rows();
  METRICLAB_CHECK(static_cast<std::int64_t>(labels.size()) == n, "a label for each embedding");
  Indices order;
  std::vector<Run> runs;
  for (const auto& [label, of_class] : members_by_class(labels)) {
    const auto begin = static_cast<std::int64_t>(order.size());
    order.insert(order.end(), of_class.begin(), of_class.end());
    runs.push_back(
        {.label = label, .begin = begin, .end = static_cast<std::int64_t>(order.size())});
  }
  const MatrixF sorted = embeddings(order, Eigen::all);
  const Matrix X = from_first(sorted);
  Matrix U = sorted.cast<double>();
  for (std::int64_t i = 0; i < n; ++i)
    if (const double norm = U.row(i).norm(); norm > 0) U.row(i) /= norm;
  const Vector X_norms = X.rowwise().squaredNorm(), U_norms = U.rowwise().squaredNorm();

  double silhouettes = 0, intra = 0, aligned = 0, uniform = 0, pairs = 0;
  std::vector<double> intra_of(runs.size(), 0);
  std::size_t own = 0;  // the run that row i is in
  for (std::int64_t begin = 0; begin < n; begin += kBlock) {
    const std::int64_t count = std::min(kBlock, n - begin);
    const Matrix distances = squares(X, X_norms, begin, count).cwiseSqrt();
    const Matrix turned = squares(U, U_norms, begin, count);
    uniform += (-2 * turned.array()).exp().sum() - static_cast<double>(count);
    for (std::int64_t i = 0; i < count; ++i) {
      while (begin + i >= runs[own].end) ++own;
      const double others = runs[own].others();
      double a = 0, b = std::numeric_limits<double>::infinity();
      for (std::size_t c = 0; c < runs.size(); ++c) {
        const Run& run = runs[c];
        const double sum = distances.row(i).segment(run.begin, run.end - run.begin).sum();
        if (c == own)
          a = sum;
        else
          b = std::min(b, sum / (run.others() + 1));
      }
      intra_of[own] += a;
      pairs += others;
      aligned += turned.row(i).segment(runs[own].begin, runs[own].end - runs[own].begin).sum();
      if (others == 0 || runs.size() < 2) continue;
      a /= others;
      if (std::max(a, b) > 0) silhouettes += (b - a) / std::max(a, b);
    }
  }
  PairMeans is;
  for (std::size_t c = 0; c < runs.size(); ++c) {
    intra += intra_of[c];
    if (const double others = runs[c].others(); others > 0)
      is.intra[runs[c].label] = intra_of[c] / (others * (others + 1));
  }
  const auto all = static_cast<double>(n);
  is.intra_mean = intra / pairs;
  is.alignment = aligned / pairs;
  is.uniformity = std::log(uniform / (all * (all - 1)));
  is.silhouette =
      runs.size() < 2 || pairs == 0 ? std::numeric_limits<double>::quiet_NaN() : silhouettes / all;
  return is;
}

}  // namespace metriclab
