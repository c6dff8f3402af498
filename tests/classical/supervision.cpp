// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <algorithm>
#include <metriclab/classical/supervision.hpp>
#include <set>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

auto& label(const SolverProblem& problem, std::int64_t i) {
  return problem.y[static_cast<std::size_t>(i)];
}

double distance(const SolverProblem& problem, std::int64_t i, std::int64_t j) {
  return (problem.X.row(i) - problem.X.row(j)).norm();
}

TEST_CASE("triplets of the labels are of nearest neighbours of both kinds") {
  SolverProblem problem = gaussian_classes(40, 3, 4, 1);
  problem.y[0] = 4;  // alone in its class: an impostor only
  const auto triplets = require_triplets(problem, 2, 3, "a solver");
  CHECK(triplets.size() == 39 * 2 * 3);
  for (const auto& [i, j, l] : triplets) {
    CHECK(i != j);
    CHECK(label(problem, i) == label(problem, j));
    CHECK(label(problem, i) != label(problem, l));
    int nearer_of_class = 0, nearer_others = 0;
    for (std::int64_t k = 0; k < 40; ++k) {
      if (k == i) continue;
      if (label(problem, k) == label(problem, i))
        nearer_of_class += distance(problem, i, k) < distance(problem, i, j);
      else
        nearer_others += distance(problem, i, k) < distance(problem, i, l);
    }
    CHECK(nearer_of_class < 2);
    CHECK(nearer_others < 3);
  }
  const std::set<std::array<std::int64_t, 3>> different(triplets.begin(), triplets.end());
  CHECK(different.size() == triplets.size());
}

TEST_CASE("quadruplets of the labels are a similar and a dissimilar pair") {
  const SolverProblem problem = gaussian_classes(40, 3, 4, 1);
  const auto quadruplets = require_quadruplets(problem, 50, "a solver");
  CHECK(quadruplets.size() == 50);
  for (const auto& [a, b, c, d] : quadruplets) {
    CHECK(label(problem, a) == label(problem, b));
    CHECK(a != b);
    CHECK(label(problem, c) != label(problem, d));
  }
  // 4 classes of 10: 180 similar pairs, which are all there are.
  CHECK(require_quadruplets(problem, 1000, "a solver").size() == 180);
}

TEST_CASE("chunks of the labels are of one class each, and share no example") {
  SolverProblem problem = gaussian_classes(41, 3, 4, 1);
  auto check = [&](const std::vector<Indices>& chunks, std::size_t size) {
    std::set<std::int64_t> seen;
    for (const Indices& chunk : chunks) {
      CHECK(chunk.size() == size);
      for (std::int64_t i : chunk) {
        CHECK(label(problem, i) == label(problem, chunk[0]));
        CHECK(seen.insert(i).second);
      }
    }
  };
  const auto some = require_chunks(problem, 7, 2, "a solver");
  CHECK(some.size() == 7);
  check(some, 2);
  // Classes of 11, 10, 10 and 10 hold 3 chunks of three each, however many are asked for.
  const auto all = require_chunks(problem, 1000, 3, "a solver");
  CHECK(all.size() == 12);
  check(all, 3);
  problem.chunks.assign(41, -1);
  problem.chunks[3] = problem.chunks[8] = problem.chunks[5] = 9;
  problem.chunks[1] = problem.chunks[2] = 4;
  problem.chunks[0] = 1;  // of one example: left out
  CHECK(require_chunks(problem, 1, 2, "a solver") == std::vector<Indices>{{1, 2}, {3, 5, 8}});
}

TEST_CASE("pairs of one kind only, of many features: a finite metric, or an error that says so") {
  SolverProblem problem = gaussian_classes(60, 50, 3, 1);
  for (const bool similar : {true, false}) {
    problem.pairs.clear();
    for (std::int64_t i = 0; i < 30; ++i) problem.pairs.push_back({i, 59 - i, similar});
    for (const std::string name : {"itml", "gmml", "mmc", "sdml"}) {
      CAPTURE(name);
      CAPTURE(similar);
      std::string complaint;
      bool finite = false;
      try {
        finite = solve("\"" + name + "\"", problem).L.allFinite();
      } catch (const Error& error) {
        complaint = error.what();
      }
      CHECK((finite || complaint.find("similar") != std::string::npos));
    }
  }
}

TEST_CASE("what is wrong with tuples is said") {
  SolverProblem problem = gaussian_classes(6, 2, 2, 1);
  problem.triplets = {{0, 2, 1}, {0, 2, 6}};
  CHECK_THROWS_WITH_AS(require_triplets(problem, 1, 1, "x"),
                       "triplet 1 names example 6; there are 0 to 5", Error);
  problem.quadruplets = {{0, -1, 1, 2}};
  CHECK_THROWS_WITH_AS(require_quadruplets(problem, 1, "x"),
                       "quadruplet 0 names example -1; there are 0 to 5", Error);
  problem.chunks.assign(6, -1);
  CHECK_THROWS_WITH_AS(require_chunks(problem, 1, 2, "x"),
                       "x needs chunks of two examples or more; none has two", Error);
  SolverProblem bare{.X = problem.X, .random = Random(1)};
  CHECK_THROWS_WITH_AS(require_triplets(bare, 1, 1, "x"),
                       "x learns from triplets or class labels, and these data have neither",
                       Error);
  bare.y = {0, 1, 2, 3, 4, 5};
  CHECK_THROWS_WITH_AS(require_quadruplets(bare, 1, "x"),
                       "x needs a class with two examples; each of these is of a class of its own",
                       Error);
  CHECK_THROWS_WITH_AS(require_chunks(bare, 1, 3, "x"),
                       "x needs chunks of two examples or more; no class has 3", Error);
}

}  // namespace
