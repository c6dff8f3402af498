// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/classical/ordinal_triplets.hpp>
#include <metriclab/classical/supervision.hpp>
#include <numeric>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

using Triplet = std::array<std::int64_t, 3>;

/// The triplets by their definition: for each i those (i, a, b) of its neighbours with y_i ≤ y_a <
/// y_b or y_i ≥ y_a > y_b.
std::vector<Triplet> plain_triplets(const SolverProblem& problem, std::int64_t own,
                                    std::int64_t others) {
  const std::int64_t n = problem.n();
  auto label = [&](std::int64_t i) { return problem.y[static_cast<std::size_t>(i)]; };
  std::vector<Triplet> triplets;
  for (std::int64_t i = 0; i < n; ++i) {
    Indices order(static_cast<std::size_t>(n)), chosen;
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
      return (problem.X.row(a) - problem.X.row(i)).squaredNorm() <
             (problem.X.row(b) - problem.X.row(i)).squaredNorm();
    });
    for (const bool same : {true, false}) {
      std::int64_t left = same ? own : others;
      for (std::int64_t a : order)
        if (a != i && (label(a) == label(i)) == same && left-- > 0) chosen.push_back(a);
    }
    for (std::int64_t a : chosen)
      for (std::int64_t b : chosen)
        if ((label(i) <= label(a) && label(a) < label(b)) ||
            (label(i) >= label(a) && label(a) > label(b)))
          triplets.push_back({i, a, b});
  }
  return triplets;
}

/// The derivative by M of d²(i, a) − d²(i, b).
Matrix contrast(const SolverProblem& problem, const Triplet& triplet) {
  const auto& [i, a, b] = triplet;
  const Vector near = (problem.X.row(i) - problem.X.row(a)).transpose(),
               far = (problem.X.row(i) - problem.X.row(b)).transpose();
  return near * near.transpose() - far * far.transpose();
}

/// LODML's objective as it is written, and a subgradient in M.
double plain_lodml(const SolverProblem& problem, const std::vector<Triplet>& triplets,
                   const Matrix& M, double alpha, Matrix* subgradient = nullptr) {
  double sum = 0;
  Matrix slope = Matrix::Zero(M.rows(), M.cols());
  for (const Triplet& triplet : triplets) {
    const Matrix C = contrast(problem, triplet);
    const double u = 1 + C.cwiseProduct(M).sum();
    if (u <= 0) continue;
    sum += u;
    slope += C;
  }
  const auto count = static_cast<double>(triplets.size());
  if (subgradient != nullptr)
    *subgradient = slope / count + alpha * Matrix::Identity(M.rows(), M.cols());
  return alpha * M.trace() + sum / count;
}

OrdinalTriplets triplets_of(const SolverProblem& problem, std::int64_t own, std::int64_t others) {
  return {problem.X, problem.y, class_members(problem.y), own, others};
}

SolverProblem reversed(SolverProblem problem) {
  const std::int32_t most = *std::max_element(problem.y.begin(), problem.y.end());
  for (std::int32_t& label : problem.y) label = most - label;
  return problem;
}

/// Classes along a line in a plane, in their order, with noise in all directions.
SolverProblem ordered_classes(std::int64_t n, std::int64_t d, std::int64_t n_classes,
                              std::uint64_t seed) {
  Random random(seed);
  SolverProblem problem{.X = Matrix::NullaryExpr(n, d, [&] { return random.normal(); }),
                        .random = Random(seed)};
  for (std::int64_t i = 0; i < n; ++i) {
    problem.y.push_back(static_cast<std::int32_t>(i % n_classes));
    problem.X(i, 0) += 0.8 * static_cast<double>(i % n_classes);
    if (d > 1) problem.X(i, 1) += 0.4 * static_cast<double>(i % n_classes);
  }
  return problem;
}

TEST_CASE("ordinal triplets are those of their definition") {
  for (const std::int64_t n_classes : {2, 3, 5, 20}) {
    CAPTURE(n_classes);
    const SolverProblem problem = ordered_classes(41, 3, n_classes, 1);
    const std::vector<Triplet> plain = plain_triplets(problem, 3, 9);
    const OrdinalTriplets triplets = triplets_of(problem, 3, 9);
    REQUIRE(triplets.count() == static_cast<std::int64_t>(plain.size()));
    Random random(2);
    const Matrix L = Matrix::NullaryExpr(3, 3, [&] { return 0.5 * random.normal(); });
    const Vector distances = pair_distances(problem.X * L.transpose(), triplets.pairs());
    constexpr double kWidth = 0.7;
    Vector slopes;
    const OrdinalTriplets::Means means = triplets(distances, kWidth, slopes);
    double hinge = 0, smooth = 0, weight = 0, slack = 0;
    for (const Triplet& triplet : plain) {
      const double u = 1 + contrast(problem, triplet).cwiseProduct(L.transpose() * L).sum();
      const double w = std::clamp(u / kWidth, 0.0, 1.0);
      hinge += std::max(u, 0.0);
      smooth += w * u - kWidth * w * w / 2;
      weight += w;
      slack += std::max(u, 0.0) - w * u;
    }
    const auto count = static_cast<double>(plain.size());
    CHECK(means.hinge == doctest::Approx(hinge / count).epsilon(1e-11));
    CHECK(means.smooth == doctest::Approx(smooth / count).epsilon(1e-11));
    CHECK(means.weight == doctest::Approx(weight / count).epsilon(1e-11));
    CHECK(means.slack == doctest::Approx(slack / count).epsilon(1e-9));
    // The slopes are the derivatives of `smooth`.
    for (const Eigen::Index pair : {0, 7, 100}) {
      constexpr double kStep = 1e-6;
      Vector up = distances, down = distances, unused;
      up[pair] += kStep;
      down[pair] -= kStep;
      CHECK(slopes[pair] == doctest::Approx((triplets(up, kWidth, unused).smooth -
                                             triplets(down, kWidth, unused).smooth) /
                                            (2 * kStep))
                                .epsilon(1e-5));
    }
  }
}

TEST_CASE("LODML of one feature is least at a kink") {
  // α·m + mean [1 + m·c]₊ is convex and piecewise linear in m ≥ 0, with kinks at m = −1/c.
  for (const double alpha : {0.01, 0.3, 3.0}) {
    CAPTURE(alpha);
    const SolverProblem problem = ordered_classes(30, 1, 3, 4);
    const std::vector<Triplet> triplets = plain_triplets(problem, 5, 15);
    double least = 1, where = 0;
    for (const Triplet& triplet : triplets) {
      const double c = contrast(problem, triplet)(0, 0);
      if (c >= 0) continue;
      const double value = plain_lodml(problem, triplets, Matrix::Constant(1, 1, -1 / c), alpha);
      if (value < least) {
        least = value;
        where = -1 / c;
      }
    }
    const Solution solution = solve(
        fmt::format(R"({{"plugin": "lodml", "alpha": {}, "tolerance": 1e-8}})", alpha), problem);
    CHECK(solution.objective == doctest::Approx(least).epsilon(1e-7));
    CHECK(metric(solution)(0, 0) == doctest::Approx(where).epsilon(1e-5));
    CHECK(solution.stopped == "converged");
  }
}

TEST_CASE("LODML reaches what projected subgradient steps approach, and no step goes below") {
  const SolverProblem problem = ordered_classes(40, 4, 4, 5);
  const std::vector<Triplet> triplets = plain_triplets(problem, 3, 6);
  constexpr double kAlpha = 0.02;
  const Solution solution = solve(
      R"({"plugin": "lodml", "k_genuine": 3, "k_impostor": 6, "alpha": 0.02, "tolerance": 1e-6})",
      problem);
  const Matrix M = metric(solution);
  CHECK(solution.stopped == "converged");
  CHECK(solution.objective ==
        doctest::Approx(plain_lodml(problem, triplets, M, kAlpha)).epsilon(1e-9));
  CHECK(std::is_sorted(solution.objectives.rbegin(), solution.objectives.rend()));
  CHECK(symmetric_eigen(M).values.minCoeff() > -1e-12);

  // Steps of Polyak's length towards a little below what was found: they come near it, not below.
  Matrix at = Matrix::Identity(4, 4), subgradient;
  double best = std::numeric_limits<double>::infinity();
  for (int step = 0; step < 3000; ++step) {
    const double value = plain_lodml(problem, triplets, at, kAlpha, &subgradient);
    best = std::min(best, value);
    const double ahead = value - (1 - 1e-4) * solution.objective;
    at = project_psd(at - ahead / subgradient.squaredNorm() * subgradient);
  }
  CHECK(best >= (1 - 2e-6) * solution.objective);
  CHECK(best <= 1.002 * solution.objective);

  Random random(6);
  for (int k = 0; k < 20; ++k) {
    const Matrix A = Matrix::NullaryExpr(4, 4, [&] { return random.normal(); });
    const Matrix other = project_psd(M + 1e-3 * M.norm() * (A + A.transpose()));
    CHECK(plain_lodml(problem, triplets, other, kAlpha) >= (1 - 2e-6) * solution.objective);
  }
}

TEST_CASE("LODML proves its minimum for features of very different units") {
  SolverProblem problem = ordered_classes(120, 5, 4, 14);
  for (Eigen::Index j = 0; j < 5; ++j) problem.X.col(j) *= std::pow(10.0, j % 4);
  const Solution solution = solve("\"lodml\"", problem);
  CHECK(solution.stopped == "converged");
  const Solution longer =
      solve(R"({"plugin": "lodml", "tolerance": 1e-7, "max_iterations": 20000})", problem);
  CHECK(solution.objective <= (1 + 1e-4) * longer.objective);
}

TEST_CASE("LODML: M = 0 where no direction gains more than alpha") {
  SolverProblem problem = ordered_classes(40, 4, 4, 5);
  const std::vector<Triplet> triplets = plain_triplets(problem, 5, 15);
  Matrix slope;
  plain_lodml(problem, triplets, Matrix::Zero(4, 4), 0, &slope);
  const double most = -symmetric_eigen(slope).values.minCoeff();
  auto solved = [&](double alpha) {
    return solve(fmt::format(R"({{"plugin": "lodml", "alpha": {}}})", alpha), problem);
  };
  const Solution none = solved(1.001 * most);
  CHECK(none.L == Matrix::Zero(1, 4));
  CHECK(none.objective == 1);
  CHECK(none.stopped == "converged");
  CHECK(solved(0.9 * most).objective < 1 - 1e-3);
  // Equal examples can't be told apart, whatever their labels.
  problem.X.rowwise() = problem.X.row(0).eval();
  CHECK(solved(0.01).L == Matrix::Zero(1, 4));
}

TEST_CASE("LODML: what changes nothing, and rotating the input rotates the metric") {
  const SolverProblem problem = ordered_classes(60, 5, 4, 7);
  const std::string json = R"({"plugin": "lodml", "tolerance": 1e-7, "max_iterations": 5000})";
  const Solution solution = solve(json, problem);
  const Matrix M = metric(solution);
  const Solution backwards = solve(json, reversed(problem));
  CHECK(backwards.objective == doctest::Approx(solution.objective).epsilon(1e-7));
  CHECK(relative_difference(metric(backwards), M) < 1e-3);
  SolverProblem other = problem;
  for (std::int32_t& label : other.y) label = label * label;  // 0, 1, 4, 9: the same order
  CHECK(relative_difference(metric(solve(json, other)), M) < 1e-12);
  const Matrix rotation = random_rotation(5, 8);
  other = problem;
  other.X = problem.X * rotation.transpose();
  CHECK(relative_difference(metric(solve(json, other)), rotation * M * rotation.transpose()) <
        1e-3);
  // alpha·tr(M) is the same number for features 100 times as large with alpha 10⁴ times.
  other.X = 100 * problem.X;
  const Solution scaled = solve(
      R"({"plugin": "lodml", "tolerance": 1e-7, "max_iterations": 5000, "alpha": 100})", other);
  CHECK(scaled.objective == doctest::Approx(solution.objective).epsilon(1e-7));
  CHECK(relative_difference(1e4 * metric(scaled), M) < 1e-3);
}

TEST_CASE("KODML: a linear kernel gives the same, and distances in a feature space are learned") {
  const SolverProblem problem = ordered_classes(50, 3, 3, 9);
  const std::string rest = R"(, "tolerance": 1e-6, "max_iterations": 5000})";
  const Solution plain = solve(R"({"plugin": "lodml")" + rest, problem);
  const Solution linear = solve(R"({"plugin": "lodml", "kernel": "linear")" + rest, problem);
  CHECK(linear.objective == doctest::Approx(plain.objective).epsilon(1e-5));

  // Rings of rising radius around one centre: only the polynomial kernel's features order them.
  Random random(10);
  SolverProblem rings{.X = Matrix(90, 2), .random = Random(1)};
  for (std::int64_t i = 0; i < 90; ++i) {
    const double angle = 2 * M_PI * random.uniform();
    const double radius = 1 + static_cast<double>(i % 3) + 0.1 * random.normal();
    rings.X.row(i) << radius * std::cos(angle), radius * std::sin(angle);
    rings.y.push_back(static_cast<std::int32_t>(i % 3));
  }
  const Solution straight = solve("\"lodml\"", rings);
  const Solution curved =
      solve(R"({"plugin": "lodml", "kernel": {"plugin": "polynomial", "degree": 2}})", rings);
  CHECK(curved.objective < 0.3 * straight.objective);
}

TEST_CASE("LODML: what it refuses, and a limit of time") {
  SolverProblem problem = ordered_classes(2, 3, 2, 11);
  CHECK_THROWS_WITH_AS(
      solve("\"lodml\"", problem),
      "lodml finds no triplet: none of the 2 classes has two examples, and no example has two "
      "classes on one side of its own; give more examples of a class",
      Error);
  problem.y = {0, 0};
  CHECK_THROWS_AS(solve("\"lodml\"", problem), Error);
  // Three examples of a class each still are in an order.
  problem = ordered_classes(3, 2, 3, 12);
  CHECK(plain_triplets(problem, 5, 15).size() == 2);
  CHECK(solve("\"lodml\"", problem).objective < 1);

  const Solution solution = solve(R"({"plugin": "lodml", "time_limit": 1e-9, "tolerance": 0})",
                                  ordered_classes(200, 6, 5, 13));
  CHECK(solution.stopped == "time");
  CHECK(solution.iterations == 1);
}

}  // namespace
