// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <metriclab/classical/differential_evolution.hpp>
#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/classical/ordinal_chains.hpp>
#include <numeric>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

/// How many subsequences of `length` elements satisfy `in_order`, by looking at each of them.
double subsequences(const std::vector<std::int64_t>& sequence, std::int64_t length,
                    const std::function<bool(const std::vector<std::int64_t>&)>& in_order) {
  double count = 0;
  std::vector<std::int64_t> chosen;
  std::function<void(std::size_t)> extend = [&](std::size_t from) {
    if (static_cast<std::int64_t>(chosen.size()) == length) {
      count += in_order(chosen) ? 1 : 0;
      return;
    }
    for (std::size_t t = from; t < sequence.size(); ++t) {
      chosen.push_back(sequence[t]);
      extend(t + 1);
      chosen.pop_back();
    }
  };
  extend(0);
  return count;
}

/// The objective by its definition: all distances, sorted, all subsequences.
double plain_chains(const Matrix& Z, const std::vector<std::int32_t>& y, std::int64_t length,
                    std::int64_t neighborhood) {
  double sum = 0;
  for (Eigen::Index i = 0; i < Z.rows(); ++i) {
    Vector distances = (Z.rowwise() - Z.row(i)).rowwise().squaredNorm();
    distances[i] = -1;  // itself is the first
    Indices order(y.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::int64_t a, std::int64_t b) { return distances[a] < distances[b]; });
    std::vector<std::int64_t> labels;
    for (std::int64_t j : order)
      if (static_cast<std::int64_t>(labels.size()) < neighborhood)
        labels.push_back(y[static_cast<std::size_t>(j)]);
    const std::int64_t own = y[static_cast<std::size_t>(i)];
    sum += subsequences(labels, length, [&](const std::vector<std::int64_t>& chain) {
      return (own <= chain.front() && std::is_sorted(chain.begin(), chain.end())) ||
             (own >= chain.front() && std::is_sorted(chain.rbegin(), chain.rend()));
    });
  }
  return sum;
}

std::vector<std::int32_t> random_labels(std::int64_t n, std::int64_t n_classes, Random& random) {
  std::vector<std::int32_t> y;
  for (std::int64_t i = 0; i < n; ++i)
    y.push_back(static_cast<std::int32_t>(random.below(n_classes)));
  return y;
}

Matrix random_points(std::int64_t n, std::int64_t d, Random& random) {
  return Matrix::NullaryExpr(n, d, [&] { return random.normal(); });
}

TEST_CASE("chains are counted as by looking at each subsequence") {
  Random random(1);
  for (const std::int64_t length : {1, 2, 3, 5})
    for (const std::int64_t values : {1, 2, 3, 7, 8}) {
      CAPTURE(length);
      CAPTURE(values);
      ChainCounter counter(length, values);
      for (int repeat = 0; repeat < 5; ++repeat) {
        std::vector<std::int64_t> sequence;
        counter.clear();
        for (int t = 0; t < 12; ++t) {
          sequence.push_back(random.below(values));
          counter.append(sequence.back());
        }
        CHECK(counter.count() ==
              subsequences(sequence, length, [](const std::vector<std::int64_t>& chain) {
                return std::is_sorted(chain.begin(), chain.end());
              }));
      }
    }
}

TEST_CASE("chains in neighbourhoods are those of their definition, however the nearest are found") {
  struct Case {
    std::int64_t n, classes, length, neighborhood;
  };
  for (const auto& [n, classes, length, neighborhood] :
       {Case{1, 1, 1, 5}, Case{7, 3, 2, 1}, Case{20, 4, 3, 50}, Case{41, 3, 3, 12},
        Case{60, 12, 4, 10}, Case{130, 5, 3, 2}, Case{500, 4, 3, 9}, Case{320, 6, 2, 290}}) {
    CAPTURE(n);
    CAPTURE(neighborhood);
    Random random(2);
    const Matrix Z = random_points(n, 3, random);
    const std::vector<std::int32_t> y = random_labels(n, classes, random);
    ChainObjective chains(y, length, neighborhood);
    const double count = chains(Z);
    CHECK(count == plain_chains(Z, y, length, neighborhood));
    CHECK(count <= chains.most());
    CHECK(chains(-3 * Z) == count);  // what was there before is forgotten
  }
}

TEST_CASE("chains: an example counts as the first, equal distances go by index") {
  // On a line in the order of the labels every neighbourhood of an end is a chain; of 5 examples
  // those of the middle one are 2 1 3 0 4 by distance and index: downwards 2 1 0, upwards 2 3 4,
  // which have 3 chains of two each.
  const Matrix Z{{0}, {1}, {2}, {3}, {4}};
  const std::vector<std::int32_t> y = {0, 1, 2, 3, 4};
  // Of example 1: 1 0 2 3 4 goes down by 1 0 and up by 1 2 3 4; example 3 likewise.
  CHECK(ChainObjective(y, 2, 5)(Z) == 10 + (1 + 6) + (3 + 3) + (6 + 1) + 10);
  CHECK(ChainObjective(y, 2, 5)(Matrix::Zero(5, 1)) == plain_chains(Matrix::Zero(5, 1), y, 2, 5));
  const std::vector<std::int32_t> one = {0, 0, 0, 0, 0};
  ChainObjective level(one, 3, 4);
  CHECK(level(Z) == 5 * 4);  // 4 choose 3 each
  CHECK(level.most() == 5 * 4);
  // Examples that are equal, far from 0, where products are rounded.
  Random random(3);
  Matrix twice(60, 4);
  twice.topRows(30) = 100 * random_points(30, 4, random);
  twice.bottomRows(30) = twice.topRows(30);
  const std::vector<std::int32_t> labels = random_labels(60, 3, random);
  CHECK(ChainObjective(labels, 2, 2)(twice) == plain_chains(twice, labels, 2, 2));
}

TEST_CASE("differential evolution finds a maximum, and what is best never gets worse") {
  const Vector centre{{1.5, -2, 0.25, 3}};
  for (const bool steps : {false, true}) {
    auto f = [&](const Vector& x) {
      const double height = -(x - centre).squaredNorm();
      return steps ? std::floor(10 * height) : height;
    };
    auto evolved = [&](std::uint64_t seed) {
      Random random(seed);
      DifferentialEvolution evolution(random_points(40, 4, random), f, {}, Random(seed));
      double best = evolution.best_value();
      for (int generation = 0; generation < 120; ++generation) {
        evolution.next_generation();
        CHECK(evolution.best_value() >= best);
        best = evolution.best_value();
        CHECK(f(evolution.best()) == best);
      }
      return evolution.best();
    };
    CHECK((evolved(1) - centre).norm() < (steps ? 0.4 : 1e-3));
    CHECK(evolved(1) == evolved(1));
    CHECK(evolved(1) != evolved(2));
  }
}

TEST_CASE("differential evolution: what a trial is made of") {
  // A function that rises whenever it is asked takes every trial, so that the next population shows
  // them all. Each member has one number throughout, a power of 4, which tells where it is from.
  Matrix members(6, 5);
  for (Eigen::Index i = 0; i < 6; ++i) members.row(i).setConstant(std::pow(4.0, i));
  for (const double recombination : {0.0, 0.5, 1.0}) {
    int evaluations = 0;
    DifferentialEvolution evolution(
        members, [&](const Vector& /*x*/) { return evaluations++; },
        {.least_mutation = 1, .most_mutation = 1, .recombination = recombination}, Random(5));
    CHECK(evolution.best() == members.row(5).transpose());
    evolution.next_generation();
    for (Eigen::Index i = 0; i < 6; ++i) {
      std::int64_t taken = 0;
      for (Eigen::Index j = 0; j < 5; ++j) {
        const double value = evolution.population()(i, j);
        if (value == members(i, 0)) continue;
        ++taken;
        bool known = false;
        for (Eigen::Index a = 0; a < 6; ++a)
          for (Eigen::Index b = 0; b < 6; ++b)
            known = known || (a != b && a != i && b != i &&
                              value == members(5, 0) + members(a, 0) - members(b, 0));
        CHECK(known);
      }
      CHECK(taken >= 1);
      if (recombination == 0) CHECK(taken == 1);
      if (recombination == 1) CHECK(taken == 5);
    }
    CHECK(evaluations == 12);
  }
  DifferentialEvolution bounded(
      members, [](const Vector& x) { return x.sum(); }, {.bound = 1024}, Random(6));
  for (int generation = 0; generation < 50; ++generation) bounded.next_generation();
  CHECK(bounded.population().cwiseAbs().maxCoeff() <= 1024);
  DifferentialEvolution level(
      members, [](const Vector& /*x*/) { return 3; }, {}, Random(7));
  CHECK(level.spread() == 0);
}

/// Two features that tell the order, three that don't.
SolverProblem noisy_order(std::int64_t n, std::uint64_t seed) {
  Random random(seed);
  SolverProblem problem{.X = random_points(n, 5, random), .random = Random(seed)};
  for (std::int64_t i = 0; i < n; ++i) {
    problem.y.push_back(static_cast<std::int32_t>(i % 4));
    problem.X(i, 0) += static_cast<double>(i % 4);
    problem.X(i, 1) -= static_cast<double>(i % 4);
    problem.X.row(i).tail(3) *= 2;
  }
  return problem;
}

TEST_CASE("CMOML finds the best direction in a plane") {
  const SolverProblem noisy = noisy_order(60, 8);
  SolverProblem problem = noisy;
  problem.X = noisy.X.leftCols(2);
  problem.X.col(1) = noisy.X.col(3);
  ChainObjective chains(problem.y, 3, 20);
  double most = 0;
  for (int step = 0; step < 2000; ++step) {
    const double angle = M_PI * step / 2000;
    most = std::max(most, chains(problem.X * Vector{{std::cos(angle), std::sin(angle)}}));
  }
  const Solution solution = solve(
      R"({"plugin": "cmoml", "components": 1, "neighborhood_size": 20, "init": "pca"})", problem);
  CHECK(solution.L.rows() == 1);
  CHECK(solution.objective == plain_chains(problem.X * solution.L.transpose(), problem.y, 3, 20));
  CHECK(solution.objective >= 0.999 * most);
}

TEST_CASE("CMOML: more chains than at the start, the same in reversed order") {
  const SolverProblem problem = noisy_order(80, 9);
  const std::string json =
      R"({"plugin": "cmoml", "population": 30, "max_iterations": 40, "neighborhood_size": 15})";
  const Solution solution = solve(json, problem);
  ChainObjective chains(problem.y, 3, 15);
  CHECK(solution.objective == chains(problem.X * solution.L.transpose()));
  CHECK(solution.objectives.size() == 41);
  CHECK(std::is_sorted(solution.objectives.begin(), solution.objectives.end()));
  CHECK(solution.objectives.front() >= chains(problem.X));
  CHECK(solution.objective > 1.1 * chains(problem.X));
  CHECK(solution.stopped == "iterations");
  SolverProblem other = problem;
  for (std::int32_t& label : other.y) label = 3 - label;
  CHECK(solve(json, other).L == solution.L);
  // Labels 0, 1, 4, 9 are in the same order.
  other = problem;
  for (std::int32_t& label : other.y) label = label * label;
  CHECK(solve(json, other).L == solution.L);
  other.random = Random(10);
  CHECK(solve(json, other).L != solution.L);
}

TEST_CASE("CMOML stops when all chains are there, when all members are alike, and in time") {
  // One feature in the order of the labels, all of a class together: no L changes the count.
  SolverProblem line{.X = Matrix(20, 1), .random = Random(1)};
  for (std::int64_t i = 0; i < 20; ++i) {
    // Further and further apart, so that no two distances from an example are equal.
    line.X(i, 0) =
        static_cast<double>(i) * (1 + 0.01 * static_cast<double>(i)) + (i < 10 ? 0 : 100);
    line.y.push_back(i < 10 ? 0 : 1);
  }
  const Solution all = solve(R"({"plugin": "cmoml", "neighborhood_size": 20})", line);
  CHECK(all.stopped == "converged");
  CHECK(all.iterations == 0);
  CHECK(all.objective == 20 * 1140);  // 20 choose 3
  for (std::int64_t i = 0; i < 20; ++i) line.y[static_cast<std::size_t>(i)] = i % 3;
  const Solution alike = solve(R"({"plugin": "cmoml", "neighborhood_size": 20})", line);
  CHECK(alike.stopped == "converged");
  CHECK(alike.iterations == 1);
  const Solution brief = solve(R"({"plugin": "cmoml", "time_limit": 1e-9})", noisy_order(60, 11));
  CHECK(brief.stopped == "time");
  CHECK(brief.iterations == 1);
  CHECK_THROWS_WITH_AS(
      solve(R"({"plugin": "cmoml", "chain_size": 4, "neighborhood_size": 3})", line),
      "/chain_size: 4 examples in order are not in a neighbourhood of 3; give at most that many",
      Error);
}

TEST_CASE("KCMOML: a kernel orders what no linear map does") {
  // Rings of rising radius: the order is in x² + y², a feature of the polynomial kernel.
  Random random(12);
  SolverProblem rings{.X = Matrix(90, 2), .random = Random(1)};
  for (std::int64_t i = 0; i < 90; ++i) {
    const double angle = 2 * M_PI * random.uniform();
    const double radius = 1 + static_cast<double>(i % 3) + 0.1 * random.normal();
    rings.X.row(i) << radius * std::cos(angle), radius * std::sin(angle);
    rings.y.push_back(static_cast<std::int32_t>(i % 3));
  }
  const std::string rest = R"("components": 1, "init": "pca", "max_iterations": 60)";
  const Solution plain = solve(R"({"plugin": "cmoml", )" + rest + "}", rings);
  const Solution kernel =
      solve(R"({"plugin": "cmoml", "kernel": {"plugin": "polynomial", "degree": 2}, )" + rest + "}",
            rings);
  CHECK(kernel.model);
  CHECK(kernel.objective > 1.5 * plain.objective);
}

}  // namespace
