// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <limits>
#include <metriclab/neighbors/ranking.hpp>

#include "naive.hpp"
#include "points.hpp"

namespace {

using namespace metriclab;

/// Ranks as brute force gives them.
std::vector<std::int64_t> expected(const MatrixF& query, std::int64_t i, std::int32_t label,
                                   const MatrixF& gallery, const std::vector<std::int32_t>& labels,
                                   Distance by, bool itself) {
  std::vector<std::int64_t> ranks;
  std::int64_t rank = 0;
  for (std::int64_t j : naive::ranking(query, i, gallery, by, itself ? i : -1)) {
    ++rank;
    if (labels[static_cast<std::size_t>(j)] == label) ranks.push_back(rank);
  }
  return ranks;
}

std::vector<std::int32_t> labels(std::int64_t n, Random random) {
  std::vector<std::int32_t> result;
  for (std::int64_t i = 0; i < n; ++i) result.push_back(static_cast<std::int32_t>(random.below(4)));
  return result;
}

TEST_CASE("ranks of a query's class equal brute force in double") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<std::int64_t>(1, 60);
    const auto q = *rc::gen::inRange<std::int64_t>(0, 10);
    const auto d = *rc::gen::inRange<std::int64_t>(2, 20);
    // Kinds whose brute force is exact, or whose distances differ by more than its rounding.
    const auto kind = *rc::gen::elementOf(std::vector<std::string>{
        "normal", "duplicates", "whole numbers", "far from the origin", "two groups", "all equal"});
    const bool exact = kind == "whole numbers" || kind == "all equal";
    const auto by = *rc::gen::elementOf(
        exact ? std::vector<Distance>{Distance::euclidean, Distance::squared_euclidean,
                                      Distance::manhattan}
              : std::vector<Distance>{Distance::euclidean, Distance::dot, Distance::chi_squared,
                                      Distance::manhattan, Distance::poincare});
    const Random random(*rc::gen::arbitrary<std::uint64_t>());
    const MatrixF gallery = fit_for(by, points<MatrixF>(kind, n, d, random.child("gallery")));
    const MatrixF query = fit_for(by, points<MatrixF>(kind, q, d, random.child("query")));
    const auto gallery_labels = labels(n, random.child("labels")),
               query_labels = labels(q, random.child("query labels"));
    std::int64_t visited = 0;
    rank_same_class(query, query_labels, gallery, gallery_labels, by,
                    [&](std::int64_t i, std::span<const std::int64_t> ranks) {
                      ++visited;
                      RC_ASSERT(std::vector(ranks.begin(), ranks.end()) ==
                                expected(query, i, query_labels[static_cast<std::size_t>(i)],
                                         gallery, gallery_labels, by, false));
                    });
    RC_ASSERT(visited == q);
    rank_same_class(gallery, gallery_labels, by,
                    [&](std::int64_t i, std::span<const std::int64_t> ranks) {
                      RC_ASSERT(std::vector(ranks.begin(), ranks.end()) ==
                                expected(gallery, i, gallery_labels[static_cast<std::size_t>(i)],
                                         gallery, gallery_labels, by, true));
                    });
  }));
}

TEST_CASE("ranks of many of a class equal brute force, and so where rounding leaves much open") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<std::int64_t>(40, 400);
    // Distances that agree in the first digits leave almost all open in float, so that products in
    // double take over in the second block of queries.
    const auto kind = *rc::gen::elementOf(std::vector<std::string>{
        "normal", "whole numbers", "far from the origin", "one far off", "all equal"});
    const auto n_classes = *rc::gen::elementOf(std::vector<std::int64_t>{1, 2, 10});
    const auto threads = *rc::gen::elementOf(std::vector<int>{1, 3});
    const Random random(*rc::gen::arbitrary<std::uint64_t>());
    const MatrixF gallery = points<MatrixF>(kind, n, 3, random.child("gallery"));
    std::vector<std::int32_t> classes;
    Random draw = random.child("labels");
    for (std::int64_t i = 0; i < n; ++i)
      classes.push_back(static_cast<std::int32_t>(draw.below(n_classes)));
    std::vector<std::vector<std::int64_t>> found(static_cast<std::size_t>(n));
    std::vector<int> visits(static_cast<std::size_t>(n));
    rank_same_class(
        gallery, classes, Distance::squared_euclidean,
        [&](std::int64_t i, std::span<const std::int64_t> ranks) {
          ++visits[static_cast<std::size_t>(i)];
          found[static_cast<std::size_t>(i)].assign(ranks.begin(), ranks.end());
        },
        {}, threads);
    RC_ASSERT(visits == std::vector<int>(static_cast<std::size_t>(n), 1));
    for (std::int64_t i = 0; i < n; i += 7)
      RC_ASSERT(found[static_cast<std::size_t>(i)] ==
                expected(gallery, i, classes[static_cast<std::size_t>(i)], gallery, classes,
                         Distance::squared_euclidean, true));
  }));
}

TEST_CASE("what is left out stands nowhere") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<std::int64_t>(1, 80);
    const Random random(*rc::gen::arbitrary<std::uint64_t>());
    const MatrixF gallery = points<MatrixF>("whole numbers", n, 2, random.child("gallery"));
    const auto classes = labels(n, random.child("labels")), rooms = labels(n, random.child("room"));
    const auto out = [&](std::int64_t i, std::int64_t j) {
      return rooms[static_cast<std::size_t>(i)] == rooms[static_cast<std::size_t>(j)];
    };
    const auto visit = [&](std::int64_t i, std::span<const std::int64_t> ranks) {
      std::vector<std::int64_t> due;
      std::int64_t rank = 0;
      const auto own = classes[static_cast<std::size_t>(i)];
      for (std::int64_t j : naive::ranking(gallery, i, gallery, Distance::euclidean)) {
        const bool same = classes[static_cast<std::size_t>(j)] == own;
        if (same && out(i, j)) continue;
        ++rank;
        if (same) due.push_back(rank);
      }
      RC_ASSERT(std::vector(ranks.begin(), ranks.end()) == due);
    };
    // An example shares its own room: within one set and between two it is the same.
    rank_same_class(gallery, classes, Distance::euclidean, visit, out);
    rank_same_class(gallery, classes, gallery, classes, Distance::euclidean, visit, out);
  }));
}

TEST_CASE("ranks among given distances") {
  constexpr double kNowhere = std::numeric_limits<double>::infinity();
  // In order: 0.5 (3), 1 (1), 1 (4), 2 (0), 3 (5); 2 stands nowhere.
  const std::vector<double> distances = {2, 1, kNowhere, 0.5, 1, 3};
  CHECK(ranks_of(distances, Indices{4, 0}) == std::vector<std::int64_t>{3, 4});
  CHECK(ranks_of(distances, Indices{5, 1, 3}) == std::vector<std::int64_t>{1, 2, 5});
  CHECK(ranks_of(distances, Indices{}).empty());
}

TEST_CASE("all examples equal: ranks are the order of the gallery") {
  // More stay open than are kept waiting at a time.
  const std::int64_t n = 9000;
  const MatrixF gallery = MatrixF::Constant(n, 2, 0.5F);
  std::vector<std::int32_t> classes(static_cast<std::size_t>(n), 0);
  classes[8000] = classes[8500] = classes[17] = 1;
  std::int64_t visited = 0;
  rank_same_class(
      MatrixF(gallery.topRows(1)), std::vector<std::int32_t>{1}, gallery, classes,
      Distance::euclidean, [&](std::int64_t, std::span<const std::int64_t> ranks) {
        ++visited;
        CHECK(std::vector(ranks.begin(), ranks.end()) == std::vector<std::int64_t>{18, 8001, 8501});
      });
  CHECK(visited == 1);
}

TEST_CASE("… and over many tiles") {
  const auto classes = labels(1500, Random(5));
  for (Distance by : {Distance::euclidean, Distance::manhattan, Distance::poincare}) {
    CAPTURE(to_string(by));
    const MatrixF gallery =
        fit_for(by, points<MatrixF>(by == Distance::poincare ? "duplicates" : "whole numbers", 1500,
                                    3, Random(4)));
    rank_same_class(gallery, classes, by, [&](std::int64_t i, std::span<const std::int64_t> ranks) {
      if (i % 73 == 0 || i == 511 || i == 512 || i == 1499)
        CHECK(
            std::vector(ranks.begin(), ranks.end()) ==
            expected(gallery, i, classes[static_cast<std::size_t>(i)], gallery, classes, by, true));
    });
  }
}

}  // namespace
