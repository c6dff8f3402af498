// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

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
