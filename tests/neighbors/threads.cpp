// SPDX-License-Identifier: BSD-3-Clause
#include <cblas.h>
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <metriclab/neighbors/search.hpp>
#include <metriclab/neighbors/workers.hpp>
#include <set>
#include <thread>

#include "points.hpp"

namespace {

using namespace metriclab;

TEST_CASE("threads change no bit") {
  for (Distance by : {Distance::euclidean, Distance::cosine, Distance::dot, Distance::bilinear,
                      Distance::manhattan, Distance::chi_squared, Distance::poincare})
    for (const std::string kind : {"normal", "whole numbers", "duplicates", "all equal"}) {
      CAPTURE(kind);
      CAPTURE(to_string(by));
      // More than two tiles of pairs and of queries.
      const std::int64_t n = kind == "all equal" ? 1100 : 2309;
      const MatrixF X = fit_for(by, points<MatrixF>(kind, n, 8, Random(1, kind)));
      const MatrixF Q = X.topRows(301);
      const auto within = nearest_neighbors(X, 7, by), between = nearest_neighbors(Q, X, 7, by);
      for (const int threads : {2, 5}) {
        const auto shared = nearest_neighbors(X, 7, by, threads);
        CHECK(shared.indices == within.indices);
        CHECK(shared.distances == within.distances);
        const auto divided = nearest_neighbors(Q, X, 7, by, threads);
        CHECK(divided.indices == between.indices);
        CHECK(divided.distances == between.distances);
      }
    }
  CHECK_THROWS_WITH_AS(nearest_neighbors(MatrixF(MatrixF::Zero(3, 2)), 1, Distance::euclidean, -1),
                       "-1 threads; at least 1 is needed", Error);
}

TEST_CASE("one set searched in itself gives what it gives as a gallery, less each itself") {
  for (Distance by : {Distance::euclidean, Distance::cosine, Distance::manhattan,
                      Distance::chi_squared, Distance::poincare}) {
    CAPTURE(to_string(by));
    const Matrix X = fit_for(by, points<Matrix>("normal", 1600, 9, Random(2)));
    const auto within = nearest_neighbors(X, 12, by, 2), between = nearest_neighbors(X, X, 13, by);
    CHECK(within.indices == between.indices.rightCols(12));
    CHECK(within.distances == between.distances.rightCols(12));
  }
}

TEST_CASE("OpenBLAS has as many threads after a search as before") {
  const int before = openblas_get_num_threads();
  openblas_set_num_threads(2);
  nearest_neighbors(points<Matrix>("normal", 50, 3, Random(3)), 2, Distance::euclidean, 3);
  CHECK(openblas_get_num_threads() == 2);
  openblas_set_num_threads(before);
}

TEST_CASE("pairs come once each, and never two with one in common at a time") {
  constexpr std::int64_t kTiles = 9;
  Pairs pairs(kTiles);
  std::mutex mutex;
  std::set<std::pair<std::int64_t, std::int64_t>> seen;
  std::array<std::atomic<int>, kTiles> users{};
  std::atomic<bool> shared = false;
  run_workers(4, [&] {
    std::int64_t last = 0;
    while (const auto pair = pairs.take(last)) {
      const auto [i, j] = *pair;
      if (users[static_cast<std::size_t>(i)]++ != 0) shared = true;
      if (i != j && users[static_cast<std::size_t>(j)]++ != 0) shared = true;
      {
        const std::lock_guard lock(mutex);
        CHECK(seen.insert(*pair).second);
      }
      std::this_thread::yield();
      --users[static_cast<std::size_t>(i)];
      if (i != j) --users[static_cast<std::size_t>(j)];
      last = i;
      pairs.give_back(*pair);
    }
  });
  CHECK(!shared);
  CHECK(seen.size() == kTiles * (kTiles + 1) / 2);
}

TEST_CASE("what a worker throws is thrown when all have ended") {
  std::atomic<int> ended = 0;
  Pairs pairs(3);
  CHECK_THROWS_WITH_AS(run_workers(3,
                                   [&] {
                                     const auto pair = pairs.take(0);
                                     ++ended;
                                     if (!pair) return;
                                     pairs.abandon();
                                     throw Error("one of them");
                                   }),
                       "one of them", Error);
  CHECK(ended == 3);
}

}  // namespace
