// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <metriclab/neighbors/reranking.hpp>
#include <numeric>
#include <set>

#include "naive.hpp"
#include "points.hpp"

namespace {

using namespace metriclab;

using Sets = std::vector<std::set<std::int64_t>>;

/// Each example's nearest, itself the first.
std::vector<std::vector<std::int64_t>> rankings(const MatrixF& points, Distance by) {
  std::vector<std::vector<std::int64_t>> result;
  for (std::int64_t i = 0; i < points.rows(); ++i) {
    result.push_back({i});
    for (std::int64_t j : naive::ranking(points, i, points, by, i)) result.back().push_back(j);
  }
  return result;
}

/// R(i, k) of all i, by its definition.
Sets reciprocal(const std::vector<std::vector<std::int64_t>>& nearest, std::int64_t k) {
  Sets within, result(nearest.size());
  for (const auto& of : nearest)
    within.emplace_back(
        of.begin(),
        of.begin() + std::min<std::ptrdiff_t>(k + 1, static_cast<std::ptrdiff_t>(of.size())));
  for (std::size_t i = 0; i < nearest.size(); ++i)
    for (std::int64_t j : within[i])
      if (within[static_cast<std::size_t>(j)].contains(static_cast<std::int64_t>(i)))
        result[i].insert(j);
  return result;
}

/// d* of all pairs, with every matrix dense.
Matrix dense(const MatrixF& points, Distance by, const Reranking::Parameters& is) {
  const std::int64_t n = points.rows();
  const auto nearest = rankings(points, by);
  const Sets wide = reciprocal(nearest, is.k1), narrow = reciprocal(nearest, is.k1 / 2);
  Matrix d(n, n), v = Matrix::Zero(n, n), mean = Matrix::Zero(n, n), result(n, n);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < n; ++j) {
      d(i, j) = naive::distance(points, i, points, j, by);
      if (by == Distance::euclidean) d(i, j) *= d(i, j);
    }
  for (std::int64_t i = 0; i < n; ++i) {
    const auto& own = wide[static_cast<std::size_t>(i)];
    std::set<std::int64_t> all = own;
    for (std::int64_t j : own) {
      const auto& other = narrow[static_cast<std::size_t>(j)];
      double both = 0;
      for (std::int64_t g : other) both += own.contains(g) ? 1 : 0;
      if (both * 3 >= static_cast<double>(other.size()) * 2) all.insert(other.begin(), other.end());
    }
    for (std::int64_t g : all) v(i, g) = std::exp(-d(i, g));
  }
  const std::int64_t k2 = std::min(is.k2, n);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t rank = 0; rank < k2; ++rank)
      mean.row(i) += v.row(nearest[static_cast<std::size_t>(i)][static_cast<std::size_t>(rank)]) /
                     static_cast<double>(k2);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < n; ++j) {
      const double jaccard =
          1 - mean.row(i).cwiseMin(mean.row(j)).sum() / mean.row(i).cwiseMax(mean.row(j)).sum();
      result(i, j) = (1 - is.lambda) * jaccard + is.lambda * d(i, j);
    }
  return result;
}

TEST_CASE("re-ranked distances equal the definition with dense matrices") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<std::int64_t>(1, 50);
    const auto by = *rc::gen::elementOf(std::vector<Distance>{
        Distance::euclidean, Distance::manhattan, Distance::chi_squared, Distance::poincare});
    const Reranking::Parameters parameters{.k1 = *rc::gen::inRange<std::int64_t>(1, 24),
                                           .k2 = *rc::gen::inRange<std::int64_t>(1, 8),
                                           .lambda = *rc::gen::inRange(0, 11) / 10.0};
    const Random random(*rc::gen::arbitrary<std::uint64_t>());
    const MatrixF points = fit_for(by, metriclab::points<MatrixF>("normal", n, 3, random));
    const Matrix expected = dense(points, by, parameters);
    Reranking reranking(points, by, parameters);
    Indices to(static_cast<std::size_t>(n));
    std::iota(to.rbegin(), to.rend(), 0);
    std::vector<double> found(to.size());
    for (std::int64_t i = 0; i < n; ++i) {
      reranking.distances(i, to, found);
      for (std::size_t g = 0; g < to.size(); ++g)
        RC_ASSERT(std::abs(found[g] - expected(i, to[g])) < 1e-9);
    }
  }));
}

TEST_CASE("lambda 1 leaves the squared distances; equal and far examples give no NaN") {
  const MatrixF points{{0, 0}, {0, 0}, {1, 0}, {1e4f, 1e4f}};
  const Indices to = {0, 1, 2, 3};
  std::vector<double> found(4);
  Reranking(points, Distance::euclidean, {.k1 = 2, .k2 = 2, .lambda = 1}).distances(2, to, found);
  CHECK(found == std::vector<double>{1, 1, 0, 9999.0 * 9999.0 + 1e8});
  for (const MatrixF& odd : {points, MatrixF(MatrixF::Ones(4, 2)), MatrixF(MatrixF::Zero(4, 2))})
    for (Distance by : {Distance::euclidean, Distance::cosine}) {
      Reranking reranking(odd, by, {.k1 = 20, .k2 = 6, .lambda = 0});
      for (std::int64_t i : to) {
        reranking.distances(i, to, found);
        for (double value : found) CHECK((value >= -1e-12 && value <= 1));
      }
    }
}

}  // namespace
