// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <limits>
#include <metriclab/neighbors/search.hpp>

#include "naive.hpp"
#include "points.hpp"

namespace {

using namespace metriclab;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const std::vector<Distance> kDistances = {
    Distance::euclidean, Distance::squared_euclidean, Distance::cosine,  Distance::dot,
    Distance::manhattan, Distance::chi_squared,       Distance::poincare};
const std::vector<std::string> kKinds = {
    "normal", "whole numbers", "far from the origin", "two groups", "huge",
    "tiny",   "some zero",     "one far off",         "all equal",  "duplicates"};

/// The list of query i is the beginning of its full ranking, to the bit, as far as the radius.
template <class Scalar>
void require_beginning_of(const Neighbors<Scalar>& all, const NeighborLists<Scalar>& lists,
                          double radius) {
  RC_ASSERT(static_cast<std::int64_t>(lists.starts.size()) == all.indices.rows() + 1);
  RC_ASSERT(lists.starts[0] == 0);
  RC_ASSERT(lists.starts.back() == static_cast<std::int64_t>(lists.indices.size()));
  RC_ASSERT(lists.indices.size() == lists.distances.size());
  const auto rounded = static_cast<Scalar>(radius);
  for (std::int64_t i = 0; i < all.indices.rows(); ++i) {
    const std::int64_t begin = lists.starts[static_cast<std::size_t>(i)];
    const std::int64_t size = lists.starts[static_cast<std::size_t>(i) + 1] - begin;
    RC_ASSERT(0 <= size && size <= all.indices.cols());
    for (std::int64_t r = 0; r < all.indices.cols(); ++r) {
      const Scalar distance = all.distances(i, r);
      // In double the radius is a distance and the distance as it is compared; a float that is
      // rounded to the radius may have been either side of it.
      if (distance < rounded) RC_ASSERT(r < size);
      if (distance > rounded) RC_ASSERT(r >= size);
      if (distance == rounded && sizeof(Scalar) == sizeof(double)) RC_ASSERT(r < size);
      if (r >= size) continue;
      RC_ASSERT(lists.indices[static_cast<std::size_t>(begin + r)] == all.indices(i, r));
      RC_ASSERT(lists.distances[static_cast<std::size_t>(begin + r)] == distance);
    }
  }
}

template <class M>
bool is_beginning_of_ranking(const std::string& name) {
  return rc::check(name, [] {
    const auto n = *rc::gen::inRange<std::int64_t>(2, 80);
    const auto d = *rc::gen::inRange<std::int64_t>(1, 40);
    const auto kind = *rc::gen::elementOf(kKinds);
    const auto by = *rc::gen::elementOf(kDistances);
    const auto itself = *rc::gen::arbitrary<bool>();
    const auto q = itself ? n : *rc::gen::inRange<std::int64_t>(1, 20);
    const Random random(*rc::gen::arbitrary<std::uint64_t>());
    const M gallery = fit_for(by, points<M>(kind, n, d, random.child("gallery")));
    const M query = itself ? gallery : fit_for(by, points<M>(kind, q, d, random.child("query")));
    const auto all =
        itself ? nearest_neighbors(gallery, n - 1, by) : nearest_neighbors(query, gallery, n, by);
    // A radius that is a distance, or between two of them.
    const auto i = *rc::gen::inRange<std::int64_t>(0, q);
    const auto r = *rc::gen::inRange<std::int64_t>(0, all.distances.cols());
    const double radius = double{all.distances(i, r)} * *rc::gen::elementOf(std::vector{1.0, 1.01});
    RC_PRE(std::isfinite(radius));
    require_beginning_of(all,
                         itself ? neighbors_within(gallery, radius, by)
                                : neighbors_within(query, gallery, radius, by),
                         radius);
  });
}

TEST_CASE("all within a radius are the beginning of the full ranking") {
  CHECK(is_beginning_of_ranking<Matrix>("double"));
  CHECK(is_beginning_of_ranking<MatrixF>("float"));
}

TEST_CASE("a distance equal to the radius is within it") {
  // On the whole numbers of a square, of which a query has 12 at distance 5: (±3, ±4), (±4, ±3),
  // (±5, 0), (0, ±5).
  MatrixF grid(441, 2);
  for (std::int64_t i = 0; i < 441; ++i) grid.row(i) << float(i / 21) - 10, float(i % 21) - 10;
  const MatrixF centre = MatrixF::Zero(1, 2);
  const auto count = [&](double radius, Distance by) {
    const auto found = neighbors_within(centre, grid, radius, by);
    std::int64_t expected = 0;
    for (std::int64_t j = 0; j < 441; ++j)
      expected += naive::distance(centre, 0, grid, j, by) <= radius;
    CHECK(static_cast<std::int64_t>(found.indices.size()) == expected);
    return expected;
  };
  const double below = std::nextafter(5.0, 0.0);
  CHECK(count(5, Distance::euclidean) - count(below, Distance::euclidean) == 12);
  CHECK(count(25, Distance::squared_euclidean) == count(5, Distance::euclidean));
  CHECK(count(5, Distance::manhattan) - count(below, Distance::manhattan) == 20);
  CHECK(count(0, Distance::euclidean) == 1);
  CHECK(count(std::sqrt(2.0), Distance::euclidean) == 9);
  // Ties by index.
  const auto ring = neighbors_within(centre, grid, 1, Distance::euclidean);
  CHECK(ring.indices == Indices{220, 199, 219, 221, 241});
}

TEST_CASE("over many tiles, with threads, and within one set") {
  for (Distance by : kDistances) {
    CAPTURE(to_string(by));
    const Matrix X = fit_for(by, points<Matrix>("whole numbers", 2309, 6, Random(5)));
    const Matrix Q = X.topRows(150);
    const auto all = nearest_neighbors(Q, X, X.rows(), by);
    const double radius = all.distances(77, 40);
    const auto of_queries = neighbors_within(Q, X, radius, by);
    require_beginning_of(all, of_queries, radius);
    const auto within = neighbors_within(X, radius, by);
    for (std::size_t i = 0; i < 150; ++i) {
      const auto list = [i](const NeighborLists<double>& of) {
        return Indices(of.indices.begin() + of.starts[i], of.indices.begin() + of.starts[i + 1]);
      };
      Indices others = list(of_queries);
      std::erase(others, static_cast<std::int64_t>(i));
      CHECK(list(within) == others);
    }
    for (int threads : {2, 5}) {
      const auto shared = neighbors_within(X, radius, by, threads);
      CHECK(shared.starts == within.starts);
      CHECK(shared.indices == within.indices);
      CHECK(shared.distances == within.distances);
    }
  }
}

TEST_CASE("equal rows are at the cosine distance 0, whatever is left of them when centred") {
  for (std::int64_t d = 1; d < 40; ++d) {
    CAPTURE(d);
    const Matrix equal = points<Matrix>("all equal", 9, d, Random(8));
    CHECK(neighbors_within(equal, 0, Distance::cosine).indices.size() == 9 * 8);
    CHECK(neighbors_within(equal, equal, 0, Distance::cosine).indices.size() == 9 * 9);
  }
}

TEST_CASE("radii that hold nothing and everything") {
  const Matrix gallery = points<Matrix>("normal", 30, 3, Random(6));
  const Matrix query = points<Matrix>("normal", 4, 3, Random(7));
  CHECK(neighbors_within(query, gallery, -1).indices.empty());
  CHECK(neighbors_within(query, gallery, -kInfinity).starts == Indices{0, 0, 0, 0, 0});
  CHECK(neighbors_within(query, gallery, kInfinity).indices.size() == 4 * 30);
  CHECK(neighbors_within(gallery, kInfinity).indices.size() == 30 * 29);
  CHECK(neighbors_within(gallery, kInfinity, Distance::dot).indices.size() == 30 * 29);
  CHECK(neighbors_within(gallery, 0).indices.empty());
  CHECK(neighbors_within(Matrix(0, 3), gallery, 1).starts == Indices{0});
  CHECK(neighbors_within(query, Matrix(0, 3), 1).starts == Indices{0, 0, 0, 0, 0});
  CHECK_THROWS_WITH_AS(neighbors_within(gallery, NAN), "the radius is not a number", Error);
  CHECK_THROWS_WITH_AS(neighbors_within(gallery, 1, Distance::euclidean, 0),
                       "0 threads; at least 1 is needed", Error);
  // Zero has the cosine distance 1 from all.
  Matrix with_zero = gallery;
  with_zero.row(3).setZero();
  const auto found = neighbors_within(with_zero, 1, Distance::cosine);
  CHECK(found.starts[4] - found.starts[3] == 29);
  const auto nearer = neighbors_within(with_zero, std::nextafter(1, 0), Distance::cosine);
  CHECK(nearer.starts[4] == nearer.starts[3]);
}

}  // namespace
