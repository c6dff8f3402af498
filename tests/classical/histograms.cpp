// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <algorithm>
#include <metriclab/classical/chi_squared_objective.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

constexpr double kMu = 0.4, kMargin = 0.2;

double chi_squared(const Eigen::RowVectorXd& a, const Eigen::RowVectorXd& b) {
  double sum = 0;
  for (Eigen::Index k = 0; k < a.size(); ++k)
    if (a[k] + b[k] > 0) sum += (a[k] - b[k]) * (a[k] - b[k]) / (a[k] + b[k]) / 2;
  return sum;
}

/// Histograms of d bins, with more in the bins of their class; some bins are empty.
SolverProblem histograms(std::int64_t n, std::int64_t d, std::uint64_t seed) {
  Random random(seed);
  SolverProblem problem{.X = Matrix(n, d), .random = Random(1)};
  for (std::int64_t i = 0; i < n; ++i) {
    problem.y.push_back(static_cast<std::int32_t>(i % 3));
    for (std::int64_t j = 0; j < d; ++j)
      problem.X(i, j) = random.uniform() < 0.2 ? 0 : random.uniform() + (j % 3 == i % 3 ? 0.5 : 0);
    problem.X.row(i) /= problem.X.row(i).sum();
  }
  return problem;
}

std::vector<Indices> plain_targets(const SolverProblem& problem, std::size_t k) {
  std::vector<Indices> targets;
  for (std::int64_t i = 0; i < problem.n(); ++i) {
    std::vector<std::pair<double, std::int64_t>> same;
    for (std::int64_t j = 0; j < problem.n(); ++j)
      if (j != i &&
          problem.y[static_cast<std::size_t>(j)] == problem.y[static_cast<std::size_t>(i)])
        same.emplace_back(chi_squared(problem.X.row(i), problem.X.row(j)), j);
    std::sort(same.begin(), same.end());
    targets.emplace_back();
    for (std::size_t t = 0; t < std::min(k, same.size()); ++t)
      targets.back().push_back(same[t].second);
  }
  return targets;
}

double plain_value(const SolverProblem& problem, const std::vector<Indices>& targets,
                   const Matrix& L, double mu, double margin) {
  const Matrix Z = problem.X * L.transpose();
  double value = 0;
  for (std::int64_t i = 0; i < problem.n(); ++i)
    for (const std::int64_t j : targets[static_cast<std::size_t>(i)]) {
      const double pull = chi_squared(Z.row(i), Z.row(j));
      value += (1 - mu) * pull;
      for (std::int64_t l = 0; l < problem.n(); ++l)
        if (problem.y[static_cast<std::size_t>(l)] != problem.y[static_cast<std::size_t>(i)])
          value += mu * std::max(0.0, margin + pull - chi_squared(Z.row(i), Z.row(l)));
    }
  return value;
}

TEST_CASE("the softmax of columns makes histograms of histograms") {
  const Matrix L = column_softmax(Matrix{{1000, 0, -3}, {999, 0, 2}});
  CHECK(L(0, 0) == doctest::Approx(1 / (1 + std::exp(-1.0))));
  CHECK(L(1, 1) == doctest::Approx(0.5));
  for (int j = 0; j < 3; ++j) CHECK(L.col(j).sum() == doctest::Approx(1));
}

TEST_CASE("the χ² objective and its derivative, also where its list of pairs is an old one") {
  const SolverProblem problem = histograms(60, 11, 3);
  const std::vector<Indices> targets = plain_targets(problem, 3);
  ChiSquaredObjective objective(problem.X, problem.y, targets, kMu, kMargin);
  Random random(5);
  Matrix A = Matrix::NullaryExpr(9, 11, [&] { return random.normal(); });
  Matrix gradient(9, 11), ignored(9, 11);
  for (int move = 0; move < 6; ++move) {
    CHECK(objective(A, gradient) ==
          doctest::Approx(plain_value(problem, targets, column_softmax(A), kMu, kMargin)));
    const double h = 1e-6;
    for (const auto& [row, column] : {std::pair(0, 0), std::pair(4, 7), std::pair(8, 10)}) {
      Matrix more = A, less = A;
      more(row, column) += h;
      less(row, column) -= h;
      CHECK(gradient(row, column) ==
            doctest::Approx((objective(more, ignored) - objective(less, ignored)) / (2 * h))
                .epsilon(1e-4)
                .scale(1e-3));
    }
    // A little, then much.
    A += (move < 3 ? 0.02 : 0.7) * Matrix::NullaryExpr(9, 11, [&] { return random.normal(); });
  }
}

TEST_CASE("chi2_lmnn takes bins together that only vary, and says what is no histogram") {
  SolverProblem problem = histograms(90, 12, 4);
  Random random(6);
  for (int i = 0; i < 90; ++i) {
    for (int j = 6; j < 12; ++j) problem.X(i, j) = 0.5 * random.uniform();
    problem.X.row(i) /= problem.X.row(i).sum();
  }
  const Solution solution = solve(R"({"plugin": "chi2_lmnn", "margin": 0.02})", problem);
  for (std::size_t k = 1; k < solution.objectives.size(); ++k)
    CHECK(solution.objectives[k] <= solution.objectives[k - 1]);
  const std::vector<Indices> targets = plain_targets(problem, 3);
  CHECK(solution.objectives.front() ==
        doctest::Approx(plain_value(problem, targets, column_softmax(5 * Matrix::Identity(12, 12)),
                                    0.5, 0.02)));
  CHECK(solution.objective <
        0.8 * plain_value(problem, targets, Matrix::Identity(12, 12), 0.5, 0.02));
  // The scale of a histogram is none of its business.
  SolverProblem scaled = problem;
  scaled.X.topRows(45) *= 7;
  CHECK(solve(R"({"plugin": "chi2_lmnn", "margin": 0.02})", scaled).objective ==
        doctest::Approx(solution.objective).epsilon(1e-4));
  REQUIRE(solution.model->distance() == Distance::chi_squared);
  const MatrixF E = solution.model->embed(
      Examples({12}, std::vector<double>(problem.X.data(), problem.X.data() + problem.X.size())));
  CHECK(E.minCoeff() >= 0);
  for (int i = 0; i < 90; ++i) CHECK(E.row(i).sum() == doctest::Approx(1).epsilon(1e-5));

  problem.X(7, 2) = -0.5;
  CHECK_THROWS_WITH_AS(
      solve("\"chi2_lmnn\"", problem),
      "chi2_lmnn takes histograms, whose values are 0 or above; example 7 has -0.5 "
      "in feature 2",
      Error);
  problem.X.row(7).setZero();
  CHECK_THROWS_WITH_AS(solve("\"chi2_lmnn\"", problem),
                       "chi2_lmnn takes histograms, whose values are scaled to sum 1; those of "
                       "example 7 sum to 0",
                       Error);
}

}  // namespace
