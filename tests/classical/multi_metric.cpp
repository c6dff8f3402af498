// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <algorithm>
#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/classical/lmnn_objective.hpp>
#include <metriclab/classical/multi_metric_objective.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

constexpr double kMu = 0.3;

/// Triplet by triplet.
double plain_value(const SolverProblem& problem, const std::vector<Indices>& targets,
                   std::int64_t n_classes, const Matrix& L) {
  const std::int64_t r = L.rows() / n_classes;
  auto distance = [&](std::int64_t i, std::int64_t to) {
    const auto own = L.middleRows(problem.y[static_cast<std::size_t>(to)] * r, r);
    return (own * (problem.X.row(i) - problem.X.row(to)).transpose()).squaredNorm();
  };
  double value = 0;
  for (std::int64_t i = 0; i < problem.n(); ++i)
    for (const std::int64_t j : targets[static_cast<std::size_t>(i)]) {
      value += (1 - kMu) * distance(i, j);
      for (std::int64_t l = 0; l < problem.n(); ++l)
        if (problem.y[static_cast<std::size_t>(l)] != problem.y[static_cast<std::size_t>(i)])
          value += kMu * std::max(0.0, 1 + distance(i, j) - distance(i, l));
    }
  return value;
}

TEST_CASE("the multi-metric objective, its derivative, and classes without examples") {
  // More than a tile of examples; class 3 of 5 has none, class 4 one.
  SolverProblem problem = gaussian_classes(300, 4, 3, 1.5);
  problem.y[299] = 4;
  const std::vector<Indices> targets = target_neighbors(problem.X, problem.y, 3);
  MultiMetricObjective objective(problem.X, problem.y, 5, targets, kMu);
  Random random(2);
  Matrix L = Matrix::NullaryExpr(15, 4, [&] { return 0.5 * random.normal(); });
  Matrix gradient(15, 4), ignored(15, 4);
  CHECK(objective(L, gradient) ==
        doctest::Approx(plain_value(problem, targets, 5, L)).epsilon(1e-10));
  CHECK(gradient.middleRows(9, 3).norm() == 0);
  CHECK(gradient.middleRows(12, 3).norm() > 0);
  const double h = 1e-6;
  for (const auto& [row, column] :
       {std::pair(0, 0), std::pair(4, 2), std::pair(8, 3), std::pair(10, 1), std::pair(13, 1)}) {
    Matrix more = L, less = L;
    more(row, column) += h;
    less(row, column) -= h;
    CHECK(gradient(row, column) ==
          doctest::Approx((objective(more, ignored) - objective(less, ignored)) / (2 * h))
              .epsilon(1e-4));
  }
  // With one metric for all it is LMNN's.
  const Matrix one = L.topRows(3);
  LmnnObjective common(problem.X, problem.y, targets, kMu);
  Matrix by_one(3, 4);
  const double expected = common(one, by_one);
  CHECK(objective(one.replicate(5, 1), gradient) == doctest::Approx(expected).epsilon(1e-10));
  Matrix sum = Matrix::Zero(3, 4);
  for (int c = 0; c < 5; ++c) sum += gradient.middleRows(3 * c, 3);
  CHECK(relative_difference(sum, by_one) < 1e-9);
}

TEST_CASE("mm_lmnn begins where LMNN ends, and goes on below it") {
  // Class 0 differs from the others in the first two features, 1 and 2 from each other in the last.
  SolverProblem problem = gaussian_classes(120, 4, 3, 0);
  for (std::int64_t i = 0; i < 120; ++i) {
    const int label = problem.y[static_cast<std::size_t>(i)];
    if (label == 0) problem.X(i, 0) += 3;
    problem.X(i, 3) += label == 1 ? 2 : label == 2 ? -2 : 0;
    problem.X(i, 1) *= label == 0 ? 1 : 4;
  }
  const Solution common = solve("\"lmnn\"", problem), solution = solve("\"mm_lmnn\"", problem);
  CHECK(solution.objective < common.objective);
  for (std::size_t k = 1; k < solution.objectives.size(); ++k)
    CHECK(solution.objectives[k] <= solution.objectives[k - 1] * (1 + 1e-12));
  CHECK(std::find(solution.objectives.begin(), solution.objectives.end(), common.objective) !=
        solution.objectives.end());
  REQUIRE(solution.model != nullptr);
  CHECK(solution.model->distance() == Distance::by_class);
  std::vector<double> values(problem.X.data(), problem.X.data() + problem.X.size());
  SolverProblem more = problem;
  more.classes = 7;
  CHECK(solution.model->embed(Examples({4}, values)).cols() == 3 * 4);
  CHECK(solve("\"mm_lmnn\"", more).model->embed(Examples({4}, values)).cols() == 7 * 4);
}

}  // namespace
