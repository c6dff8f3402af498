// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <limits>
#include <metriclab/neighbors/mahalanobis.hpp>

#include "points.hpp"

namespace {

using namespace metriclab;

TEST_CASE("the Mahalanobis distance by M and by L is brute force's") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<std::int64_t>(2, 60);
    const auto d = *rc::gen::inRange<std::int64_t>(1, 9);
    const auto r = *rc::gen::inRange<std::int64_t>(1, 9);
    const auto offset = *rc::gen::elementOf(std::vector{0.0, 1e6});
    const Random random(*rc::gen::arbitrary<std::uint64_t>());
    const Matrix X = points<Matrix>("normal", n, d, random.child("X")).array() + offset;
    const Matrix L = points<Matrix>("normal", r, d, random.child("L"));
    const Matrix M = L.transpose() * L;
    const auto found = mahalanobis_neighbors(X, L, n - 1);
    const auto by_M = mahalanobis_neighbors(X, X, transformation_of(M), n);
    const auto threaded = mahalanobis_neighbors(X, L, n - 1, 2);
    RC_ASSERT(threaded.indices == found.indices);
    for (std::int64_t i = 0; i < n; ++i) {
      const auto squared = [&](std::int64_t j) {
        const Vector apart = (X.row(i) - X.row(j)).transpose();
        return apart.dot(M * apart);
      };
      std::vector<double> sorted;
      for (std::int64_t j = 0; j < n; ++j) sorted.push_back(std::sqrt(squared(j)));
      std::sort(sorted.begin(), sorted.end());
      for (std::int64_t rank = 0; rank + 1 < n; ++rank) {
        // The offset takes ten digits of the input.
        const double right = sorted[static_cast<std::size_t>(rank) + 1];
        const double tolerance = (offset > 0 ? 1e-7 : 1e-11) * (1 + M.norm());
        RC_ASSERT(std::abs(found.distances(i, rank) - right) < tolerance);
        RC_ASSERT(std::abs(std::sqrt(squared(found.indices(i, rank))) - right) < tolerance);
        RC_ASSERT(std::abs(by_M.distances(i, rank + 1) - right) < std::sqrt(tolerance));
      }
    }
  }));
}

TEST_CASE("a transformation that drops a dimension makes ties, by index; and radii") {
  const Matrix X{{0, 5}, {1, 7}, {1, -3}, {3, 0}};
  const Matrix L{{2, 0}};
  const auto found = mahalanobis_neighbors(X, L, 3);
  CHECK(found.indices.row(0) == Eigen::Matrix<std::int64_t, 1, 3>(1, 2, 3));
  CHECK(found.distances.row(0) == Eigen::RowVector3d(2, 2, 6));
  const auto within = mahalanobis_neighbors_within(X, L, 4);
  CHECK(within.starts == Indices{0, 2, 5, 8, 10});
  CHECK(within.indices == Indices{1, 2, 2, 0, 3, 1, 0, 3, 1, 2});
  CHECK(mahalanobis_neighbors_within(Matrix(X.topRows(1)), X, L, 1).indices == Indices{0});
}

TEST_CASE("L of M") {
  const Matrix M{{4, 2}, {2, 1}};  // of rank 1: (2, 1)ᵀ(2, 1)
  const Matrix L = transformation_of(M);
  CHECK(L.rows() == 1);
  CHECK((L.transpose() * L - M).norm() < 1e-12);
  CHECK(transformation_of(Matrix(Matrix::Zero(3, 3))).rows() == 0);
  CHECK_THROWS_WITH_AS(transformation_of(Matrix(Matrix::Zero(2, 3))),
                       "a metric matrix is square; this one is (2 × 3)", Error);
  CHECK_THROWS_WITH_AS(
      transformation_of(Matrix{{1, 2}, {0, 1}}),
      "a metric matrix is symmetric; this one differs from its transpose by up to 2", Error);
  CHECK_THROWS_AS(transformation_of(Matrix{{1, 2}, {2, 1}}), Error);
  CHECK_THROWS_AS(transformation_of(Matrix{{NAN}}), Error);
  CHECK_THROWS_WITH_AS(
      mahalanobis_neighbors(Matrix(Matrix::Zero(4, 3)), M, 1),
      "searched examples have 3 dimensions, L has 2 columns; they must be the same", Error);
}

}  // namespace
