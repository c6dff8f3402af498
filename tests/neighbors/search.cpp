// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <limits>
#include <metriclab/neighbors/search.hpp>

#include "naive.hpp"
#include "points.hpp"

namespace {

using namespace metriclab;

constexpr Distance kDistances[] = {
    Distance::euclidean, Distance::squared_euclidean, Distance::cosine,  Distance::dot,
    Distance::manhattan, Distance::chi_squared,       Distance::poincare};

/// Whether brute force is exact on whole numbers, so that the very indices must be the same.
bool is_exact(Distance by) {
  return by != Distance::cosine && by != Distance::chi_squared && by != Distance::poincare;
}

const std::vector<std::string> kKinds = {
    "normal", "whole numbers", "far from the origin", "two groups", "huge",
    "tiny",   "some zero",     "one far off",         "all equal",  "duplicates"};

/// Each place holds the distance that brute force has there; equal ones stand by index; none twice.
template <class M>
void require_right(const M& query, const M& gallery, bool itself, std::int64_t k, Distance by,
                   const std::string& kind) {
  using Scalar = typename M::Scalar;
  const auto found =
      itself ? nearest_neighbors(gallery, k, by) : nearest_neighbors(query, gallery, k, by);
  RC_ASSERT(found.indices.rows() == query.rows());
  RC_ASSERT(found.indices.cols() == k);
  // What a sum of d squares or products may be off by in double, and the rounding to Scalar.
  const double unit = by == Distance::cosine ? 1 : 0;
  for (std::int64_t i = 0; i < query.rows(); ++i) {
    const auto expected = naive::ranking(query, i, gallery, by, itself ? i : -1);
    for (std::int64_t r = 0; r < k; ++r) {
      const std::int64_t j = found.indices(i, r);
      RC_ASSERT((!itself || j != i));
      const double right =
          naive::distance(query, i, gallery, expected[static_cast<std::size_t>(r)], by);
      const double here = naive::distance(query, i, gallery, j, by);
      const double products = by == Distance::dot
                                  ? query.row(i).template cast<double>().norm() *
                                        gallery.row(j).template cast<double>().norm()
                                  : 0;
      const double tolerance = 1e-13 * (unit + products + std::abs(right));
      RC_ASSERT(std::abs(here - right) <= tolerance);
      // 1e30 squared is a distance that float does not hold.
      RC_ASSERT(std::isinf(found.distances(i, r)) == std::isinf(static_cast<Scalar>(here)));
      if (std::isinf(found.distances(i, r))) continue;
      RC_ASSERT(std::abs(found.distances(i, r) - here) <=
                tolerance +
                    2 * static_cast<double>(std::numeric_limits<Scalar>::epsilon()) *
                        std::abs(here) +
                    std::numeric_limits<Scalar>::min());
      if (kind == "whole numbers" && is_exact(by))
        RC_ASSERT(j == expected[static_cast<std::size_t>(r)]);
      if (r == 0) continue;
      RC_ASSERT(found.distances(i, r - 1) <= found.distances(i, r));
      if (kind == "all equal") RC_ASSERT(found.indices(i, r - 1) < j);
    }
  }
}

template <class M>
bool equals_brute_force(const std::string& name) {
  return rc::check(name, [] {
    const auto n = *rc::gen::inRange<std::int64_t>(1, 80);
    const auto q = *rc::gen::inRange<std::int64_t>(0, 20);
    const auto d = *rc::gen::inRange<std::int64_t>(1, 40);
    const auto kind = *rc::gen::elementOf(kKinds);
    const auto by =
        *rc::gen::elementOf(std::vector<Distance>(std::begin(kDistances), std::end(kDistances)));
    const auto itself = *rc::gen::arbitrary<bool>();
    const auto k = *rc::gen::inRange<std::int64_t>(0, itself ? n : n + 1);
    const Random random(*rc::gen::arbitrary<std::uint64_t>());
    const M gallery = fit_for(by, points<M>(kind, n, d, random.child("gallery")));
    const M query = itself ? gallery : fit_for(by, points<M>(kind, q, d, random.child("query")));
    require_right(query, gallery, itself, k, by, kind);
  });
}

TEST_CASE("the search equals brute force in double") {
  CHECK(equals_brute_force<MatrixF>("float"));
  CHECK(equals_brute_force<Matrix>("double"));
}

TEST_CASE("… and over many tiles") {
  // Sizes beyond every tile of the implementation, in each of which something is left over.
  for (Distance by : kDistances)
    for (const std::string kind : {"normal", "whole numbers", "far from the origin"}) {
      CAPTURE(kind);
      CAPTURE(to_string(by));
      const MatrixF gallery = fit_for(by, points<MatrixF>(kind, 2309, 7, Random(1, kind)));
      const auto found = nearest_neighbors(gallery, 10, by);
      const auto other = nearest_neighbors(MatrixF(gallery.topRows(150)), gallery, 11, by);
      for (std::int64_t i : {0, 1, 127, 128, 149, 1023, 1024, 2047, 2048, 2308}) {
        const auto all = naive::ranking(gallery, i, gallery, by);
        const auto but_itself = naive::ranking(gallery, i, gallery, by, i);
        for (std::int64_t r = 0; r < 10; ++r) {
          const auto at = static_cast<std::size_t>(r);
          if (!is_exact(by)) {
            CHECK(std::abs(naive::distance(gallery, i, gallery, found.indices(i, r), by) -
                           naive::distance(gallery, i, gallery, but_itself[at], by)) < 1e-13);
          } else {
            CHECK(found.indices(i, r) == but_itself[at]);
            if (i < 150) CHECK(other.indices(i, r) == all[at]);
          }
        }
      }
    }
}

TEST_CASE(
    "a query that lies in the gallery finds itself at distance 0, however far from the origin") {
  const MatrixF far = points<MatrixF>("far from the origin", 500, 33, Random(2));
  for (Distance by : {Distance::euclidean, Distance::squared_euclidean, Distance::cosine,
                      Distance::manhattan, Distance::chi_squared, Distance::poincare}) {
    const MatrixF gallery = fit_for(by, far);
    const auto found = nearest_neighbors(gallery, gallery, 1, by);
    for (std::int64_t i = 0; i < gallery.rows(); ++i) {
      CHECK(found.indices(i, 0) == i);
      CHECK(found.distances(i, 0) == 0);
    }
  }
}

TEST_CASE("bilinear compares the first half of the query with the second half of the gallery") {
  const MatrixF query = points<MatrixF>("normal", 40, 6, Random(3)),
                gallery = points<MatrixF>("normal", 1500, 6, Random(4));
  const auto found = nearest_neighbors(query, gallery, 5, Distance::bilinear);
  for (std::int64_t i = 0; i < query.rows(); ++i) {
    const auto expected = naive::ranking(query, i, gallery, Distance::bilinear);
    for (std::int64_t r = 0; r < 5; ++r) {
      const std::int64_t j = expected[static_cast<std::size_t>(r)];
      CHECK(found.indices(i, r) == j);
      CHECK(found.distances(i, r) ==
            doctest::Approx(naive::distance(query, i, gallery, j, Distance::bilinear)));
    }
  }
  // It is asymmetric: the same two rows in the other roles are another distance.
  const MatrixF two{{1, 0, 0, 3}, {0, 1, 2, 0}};
  CHECK(naive::distance(two, 0, two, 1, Distance::bilinear) == -2);
  CHECK(naive::distance(two, 1, two, 0, Distance::bilinear) == -3);
  CHECK(nearest_neighbors(two, 1, Distance::bilinear).distances(0, 0) == -2);
  CHECK(nearest_neighbors(two, 1, Distance::bilinear).distances(1, 0) == -3);
  CHECK_THROWS_AS(nearest_neighbors(MatrixF(MatrixF::Ones(3, 3)), 1, Distance::bilinear), Error);
  CHECK_THROWS_AS(nearest_neighbors(two, 1, Distance::by_class), Error);
}

TEST_CASE("manhattan and poincare by hand") {
  // On a diameter of the ball the distance from the centre to r is log((1 + r)/(1 − r)).
  const MatrixF line{{0, 0}, {0, 0.5f}, {0, -0.5f}, {0.25f, 0}, {0, 0.75f}};
  const auto poincare = nearest_neighbors(line, 4, Distance::poincare);
  const double half = std::log(3);
  CHECK(poincare.indices(0, 0) == 3);
  CHECK(poincare.distances(0, 0) == doctest::Approx(std::log(1.25 / 0.75)));
  for (const std::int64_t rank : {1, 2}) {  // a tie, by index
    CHECK(poincare.indices(0, rank) == rank);
    CHECK(poincare.distances(0, rank) == doctest::Approx(half));
  }
  CHECK(poincare.indices(1, 0) == 4);
  CHECK(poincare.distances(1, 0) == doctest::Approx(std::log(7) - half));
  CHECK(poincare.indices(1, 3) == 2);
  CHECK(poincare.distances(1, 3) == doctest::Approx(2 * half));
  // Near the border Euclidean neighbours are far: 0.9 is nearer to 0.5 than to 0.999.
  const MatrixF border{{0.9f}, {0.5f}, {0.999f}};
  CHECK(nearest_neighbors(border, 1, Distance::poincare).indices(0, 0) == 1);
  CHECK(nearest_neighbors(border, 1, Distance::manhattan).indices(0, 0) == 2);

  // 3 + 4 against 6 + 0, which is farther by the Euclidean distance.
  const MatrixF corner{{0, 0}, {3, 4}, {6, 0}};
  const auto manhattan = nearest_neighbors(corner, 2, Distance::manhattan);
  CHECK(manhattan.indices(0, 0) == 2);
  CHECK(manhattan.distances(0, 0) == 6);
  CHECK(manhattan.distances(0, 1) == 7);
}

TEST_CASE("sets of nothing, and dimensions of nothing") {
  const MatrixF none(0, 3), three = MatrixF::Ones(3, 3);
  CHECK(nearest_neighbors(none, three, 2).indices.rows() == 0);
  CHECK(nearest_neighbors(three, none, 0).indices.rows() == 3);
  CHECK(nearest_neighbors(none, 0).indices.size() == 0);
  CHECK(nearest_neighbors(MatrixF(three.topRows(1)), 0).indices.rows() == 1);
  const auto found = nearest_neighbors(MatrixF(2, 0), MatrixF(3, 0), 3);
  CHECK(found.indices(1, 0) == 0);
  CHECK(found.indices(1, 2) == 2);
  CHECK(found.distances(1, 2) == 0);
}

TEST_CASE("what can't be searched is refused") {
  const MatrixF two = MatrixF::Zero(2, 3), five = MatrixF::Zero(5, 3);
  CHECK_THROWS_WITH_AS(nearest_neighbors(five, two, 3),
                       "3 neighbours are asked for in a gallery of 2 examples; at most 2", Error);
  CHECK_THROWS_WITH_AS(
      nearest_neighbors(two, 2),
      "2 neighbours are asked for within 2 examples; at most 1, since none is its own neighbour",
      Error);
  CHECK_THROWS_WITH_AS(nearest_neighbors(two, five, -1),
                       "-1 neighbours are asked for; at least 0 is needed", Error);
  CHECK_THROWS_WITH_AS(nearest_neighbors(two, MatrixF(MatrixF::Zero(5, 4)), 1),
                       "queries have 3 dimensions, the gallery has 4; they must be the same",
                       Error);
  MatrixF wrong = five;
  wrong(3, 1) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH_AS(
      nearest_neighbors(two, wrong, 1),
      "gallery example 3 has the value nan in dimension 1; finite values are needed", Error);
  wrong(3, 1) = -std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH_AS(
      nearest_neighbors(wrong, two, 1),
      "query example 3 has the value -inf in dimension 1; finite values are needed", Error);
  wrong(3, 1) = 1;
  CHECK_THROWS_WITH_AS(nearest_neighbors(two, wrong, 1, Distance::poincare),
                       "gallery example 3 has the length 1; the distance \"poincare\" compares "
                       "embeddings in the Poincaré ball, which are shorter than 1",
                       Error);
  wrong(3, 1) = -1.5f;
  CHECK_THROWS_WITH_AS(nearest_neighbors(wrong, 1, Distance::poincare),
                       "query example 3 has the length 1.5; the distance \"poincare\" compares "
                       "embeddings in the Poincaré ball, which are shorter than 1",
                       Error);
  CHECK_THROWS_WITH_AS(nearest_neighbors(wrong, 1, Distance::chi_squared),
                       "query example 3 has the value -1.5 in dimension 1; the distance "
                       "\"chi_squared\" compares histograms, whose values are 0 or above",
                       Error);
}

}  // namespace
