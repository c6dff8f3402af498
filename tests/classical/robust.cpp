// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/classical/minimum_covariance.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

TEST_CASE("standardized divides by deviations and leaves out constant features") {
  SolverProblem problem = gaussian_classes(50, 4, 2, 3);
  problem.X.col(0) *= 1e8;
  problem.X.col(2) *= 1e-8;
  const Matrix L = solve("\"standardized\"", problem).L;
  CHECK(relative_difference(
            L, covariance(problem.X).diagonal().cwiseSqrt().cwiseInverse().asDiagonal() *
                   Matrix::Identity(4, 4)) < 1e-12);
  problem.X.col(1).setConstant(0.1);
  const Matrix three = solve("\"standardized\"", problem).L;
  CHECK(three.rows() == 3);
  CHECK(three.col(1) == Vector::Zero(3));
  CHECK(relative_difference(three({0, 1, 2}, {0, 2, 3}), L({0, 2, 3}, {0, 2, 3})) < 1e-14);

  // In blocks, of a million far from the origin: the deviation of 0, 1, …, n − 1 is √(n(n + 1)/12).
  const std::int64_t n = 20000;
  std::vector<double> values;
  for (std::int64_t i = 0; i < n; ++i) values.push_back(1e9 + static_cast<double>(i));
  const Examples examples({1}, std::move(values));
  const SolverProblem blocks{.X = {}, .examples = &examples, .random = Random(1)};
  CHECK(solve("\"standardized\"", blocks).L(0, 0) ==
        doctest::Approx(1 / std::sqrt(n * (n + 1.0) / 12)).epsilon(1e-10));
  problem.X.setConstant(0.3);
  CHECK_THROWS_WITH_AS(solve("\"standardized\"", problem),
                       "standardized needs examples that differ; all of these are equal", Error);
}

double log_determinant(const Matrix& X, const Indices& members) {
  const Matrix rows = X(members, Eigen::all);
  const double m = static_cast<double>(rows.rows());
  return std::log((covariance(rows) * (m - 1) / m).determinant());
}

TEST_CASE("the minimum covariance determinant is that of all sets, tried one by one") {
  for (std::uint64_t seed : {1, 2, 3}) {
    SolverProblem problem = gaussian_classes(13, 2, 2, 4, seed);
    const std::int64_t h = (13 + 2 + 1) / 2;
    std::vector<char> chosen(13, 0);
    std::fill(chosen.end() - h, chosen.end(), 1);
    double least = std::numeric_limits<double>::infinity();
    Indices best;
    do {
      Indices members;
      for (std::size_t i = 0; i < 13; ++i)
        if (chosen[i]) members.push_back(static_cast<std::int64_t>(i));
      if (const double value = log_determinant(problem.X, members); value < least) {
        least = value;
        best = members;
      }
    } while (std::next_permutation(chosen.begin(), chosen.end()));
    const RobustCovariance found =
        minimum_covariance_determinant(problem.X, std::nullopt, 500, Random(seed), "test");
    CHECK(found.half == best);
    CHECK(found.log_determinant == doctest::Approx(least).epsilon(1e-9));
  }
}

TEST_CASE("the reweighted covariance is that of its inliers by the formula") {
  const SolverProblem problem = gaussian_classes(60, 2, 1, 0);
  const RobustCovariance found =
      minimum_covariance_determinant(problem.X, 0.75, 100, Random(1), "test");
  CHECK(found.half.size() == 45);
  // Of two degrees of freedom P(χ² ≤ x) = 1 − e^(−x/2), and of four 1 − e^(−x/2)·(1 + x/2).
  const Matrix half = problem.X(found.half, Eigen::all);
  const Matrix rest = problem.X.rowwise() - mean(half).transpose();
  const Vector squares =
      (rest * (covariance(half) * 44 / 45).inverse()).cwiseProduct(rest).rowwise().sum();
  Vector sorted = squares;
  std::sort(sorted.data(), sorted.data() + 60);
  const double factor = -2 * std::log(0.5) / ((sorted[29] + sorted[30]) / 2);
  const double q = -2 * std::log(0.025);
  Indices inliers;
  for (std::int64_t i = 0; i < 60; ++i)
    if (factor * squares[i] <= q) inliers.push_back(i);
  CHECK(found.inliers == inliers);
  const Matrix expected =
      0.975 / (1 - 0.025 * (1 + q / 2)) * covariance(problem.X(inliers, Eigen::all));
  CHECK(relative_difference(found.covariance, expected) < 1e-10);
  CHECK((found.mean - mean(problem.X(inliers, Eigen::all))).norm() < 1e-12);
}

TEST_CASE("outliers don't reach it, and it is consistent") {
  // Stochastic, with a fixed seed: 3000 normal examples; an entry's deviation is about √(2/2200).
  SolverProblem problem = gaussian_classes(3000, 3, 1, 0);
  const std::string mcd = R"({"plugin": "mahalanobis", "estimator": "mcd"})";
  const Matrix I = Matrix::Identity(3, 3);
  const Matrix clean = metric(solve(mcd, problem));
  CHECK((clean - I).cwiseAbs().maxCoeff() < 0.15);
  for (std::int64_t i = 0; i < 1200; ++i)
    problem.X.row(i) = 1e-3 * problem.X.row(i) + Eigen::RowVectorXd{{1e4, 0, 1e4}};
  const Matrix robust = metric(solve(mcd, problem));
  CHECK((robust - I).cwiseAbs().maxCoeff() < 0.2);
  CHECK(metric(solve("\"mahalanobis\"", problem))(0, 0) < 0.9);
  // Under a map of the input it changes as a covariance does.
  const Matrix A = Vector{{1e-2, 1, 1e2}}.asDiagonal() * random_rotation(3, 4);
  SolverProblem mapped = problem;
  mapped.X = problem.X * A.transpose();
  const Matrix back = A.transpose() * metric(solve(mcd, mapped)) * A;
  CHECK(relative_difference(back, robust) < 1e-8);
  const std::string shrunk = R"({"plugin": "mahalanobis", "estimator": "mcd", "shrinkage": 1})";
  const RobustCovariance found = minimum_covariance_determinant(
      problem.X, std::nullopt, 500, problem.random.child("mcd"), "test");
  CHECK(relative_difference(metric(solve(shrunk, problem)), I * 3 / found.covariance.trace()) <
        1e-12);
}

TEST_CASE("what the minimum covariance determinant refuses") {
  const std::string mcd = R"({"plugin": "mahalanobis", "estimator": "mcd"})";
  SolverProblem problem = gaussian_classes(40, 3, 2, 1);
  problem.X.col(1).setConstant(2);
  CHECK_THROWS_WITH_AS(
      solve(mcd, problem),
      "feature 1 is constant, and no covariance of it has a determinant; leave it out", Error);
  problem.X.col(1) = problem.X.col(0);
  CHECK_THROWS_WITH_AS(solve(mcd, problem),
                       "22 examples lie in a hyperplane, so that their covariance has no inverse; "
                       "leave out features that others determine or that hardly vary, or take the "
                       "\"empirical\" covariance",
                       Error);
  CHECK_THROWS_WITH_AS(solve(mcd, gaussian_classes(6, 3, 2, 1)),
                       "mahalanobis by the minimum covariance determinant needs more than twice as "
                       "many examples as features, which are 3; there are 6",
                       Error);
}

}  // namespace
