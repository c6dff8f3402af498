// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

TEST_CASE("ITML of one pair by hand") {
  // M = diag(m, 1) minimises m − log m − 1 + γ(a²m/ξ₀ − log(a²m/ξ₀) − 1): m = (1 + γ)/(1 + γa²/ξ₀).
  for (double gamma : {0.2, 1.0, 5.0})
    for (bool similar : {true, false}) {
      const double a = similar ? 3 : 0.5, bound = similar ? 2 : 4;
      SolverProblem problem{.X = Matrix{{0, 0}, {a, 0}}, .random = Random(1)};
      problem.pairs = {{0, 1, similar}};
      const Solution solution = solve(
          fmt::format(
              R"({{"plugin": "itml", "gamma": {}, "similar_bound": {}, "dissimilar_bound": {}, "tolerance": 1e-8}})",
              gamma, bound, bound),
          problem);
      const double m = (1 + gamma) / (1 + gamma * a * a / bound);
      CHECK(relative_difference(metric(solution), Matrix{{m, 0}, {0, 1}}) < 1e-7);
      const double slack = a * a * m / bound;
      CHECK(solution.objective ==
            doctest::Approx(m - std::log(m) - 1 + gamma * (slack - std::log(slack) - 1))
                .epsilon(1e-10));
      CHECK(solution.stopped == "converged");
    }
}

/// Cyclic Bregman projections, one pair after the other, as in the paper's algorithm 1 (γ = 1).
Matrix itml_by_projections(const SolverProblem& problem, double u, double l) {
  Matrix M = Matrix::Identity(problem.d(), problem.d());
  std::vector<double> lambda(problem.pairs.size(), 0), xi;
  for (const LabelledPair& pair : problem.pairs) xi.push_back(pair.similar ? u : l);
  for (int round = 0; round < 20000; ++round)
    for (std::size_t k = 0; k < problem.pairs.size(); ++k) {
      const LabelledPair& pair = problem.pairs[k];
      const double sign = pair.similar ? 1 : -1;
      const Vector v = (problem.X.row(pair.first) - problem.X.row(pair.second)).transpose();
      const Vector Mv = M * v;
      const double p = v.dot(Mv), alpha = std::min(lambda[k], sign / 2 * (1 / p - 1 / xi[k]));
      lambda[k] -= alpha;
      xi[k] /= 1 + sign * alpha * xi[k];
      M += sign * alpha / (1 - sign * alpha * p) * Mv * Mv.transpose();
    }
  return M;
}

TEST_CASE("ITML comes to the same metric as the paper's projections") {
  SolverProblem problem = gaussian_classes(40, 4, 3, 1.5);
  Random random(5);
  for (int k = 0; k < 60; ++k) {
    const std::int64_t i = random.below(40), j = (i + 1 + random.below(39)) % 40;
    problem.pairs.push_back(
        {i, j, problem.y[static_cast<std::size_t>(i)] == problem.y[static_cast<std::size_t>(j)]});
  }
  const Matrix M = metric(
      solve(R"({"plugin": "itml", "similar_bound": 2, "dissimilar_bound": 12, "tolerance": 1e-9})",
            problem));
  CHECK(relative_difference(M, itml_by_projections(problem, 2, 12)) < 1e-6);
}

TEST_CASE("ITML of low rank is ITML on the principal components") {
  SolverProblem problem = gaussian_classes(60, 6, 3, 1.5);
  const Matrix P = solve(R"({"plugin": "pca", "components": 3})", problem).L;
  SolverProblem reduced = problem;
  reduced.X = problem.X * P.transpose();
  const std::string bounds = R"("n_constraints": 50, "similar_bound": 2, "dissimilar_bound": 9)";
  const Solution low = solve(R"({"plugin": "itml", "components": 3, )" + bounds + "}", problem);
  CHECK(low.L.rows() == 3);
  const Matrix within = metric(solve(R"({"plugin": "itml", )" + bounds + "}", reduced));
  CHECK(relative_difference(metric(low), P.transpose() * within * P) < 1e-9);
}

TEST_CASE(
    "ITML agrees with metric-learn on the same pairs, and its optimum doesn't depend on their "
    "order") {
  const auto reference = classical_reference();
  if (!reference) return;
  for (const std::string name : {"wine", "breast_cancer"}) {
    CAPTURE(name);
    SolverProblem problem = reference_problem(*reference, name);
    const Matrix pairs = read_table(*reference / "constraints" / (name + "_pairs.csv"));
    for (Eigen::Index k = 0; k < pairs.rows(); ++k)
      problem.pairs.push_back({static_cast<std::int64_t>(pairs(k, 0)),
                               static_cast<std::int64_t>(pairs(k, 1)), pairs(k, 2) > 0});
    // Its rounds of projections end near the optimum, which is unique.
    const Matrix expected = read_table(*reference / "metrics" / ("ml_ITML_" + name + "_M.csv"));
    CHECK(relative_difference(expected, metric(solve("\"itml\"", problem))) < 3e-3);
    const std::string to_the_end = R"({"plugin": "itml", "tolerance": 1e-9})";
    const Matrix optimum = metric(solve(to_the_end, problem));
    CHECK(relative_difference(expected, optimum) < 2e-3);
    std::reverse(problem.pairs.begin(), problem.pairs.end());
    CHECK(relative_difference(metric(solve(to_the_end, problem)), optimum) < 1e-7);
  }
}

}  // namespace
