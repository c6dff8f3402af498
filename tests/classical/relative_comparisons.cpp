// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/classical/pair_sums.hpp>
#include <metriclab/classical/supervision.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

Vector difference(const SolverProblem& problem, std::int64_t i, std::int64_t j) {
  return (problem.X.row(i) - problem.X.row(j)).transpose();
}

double squared_distance(const SolverProblem& problem, const Matrix& M, std::int64_t i,
                        std::int64_t j) {
  const Vector v = difference(problem, i, j);
  return v.dot(M * v);
}

/// LSML's objective as it is written, and its gradient in M.
double plain_lsml(const SolverProblem& problem, const Matrix& M, const Matrix& prior,
                  const Vector& weights, Matrix* gradient = nullptr) {
  const Matrix inverse = prior.inverse(), whole = M * inverse;
  double value = whole.trace() - std::log(whole.determinant()) - static_cast<double>(M.rows());
  if (gradient != nullptr) *gradient = inverse - M.inverse();
  for (std::size_t k = 0; k < problem.quadruplets.size(); ++k) {
    const auto& [a, b, c, d] = problem.quadruplets[k];
    const double w = weights[static_cast<Eigen::Index>(k)] / weights.sum();
    const double near = std::sqrt(squared_distance(problem, M, a, b)),
                 far = std::sqrt(squared_distance(problem, M, c, d));
    if (near <= far) continue;
    value += w * (near - far) * (near - far);
    if (gradient == nullptr) continue;
    const Vector v = difference(problem, a, b), u = difference(problem, c, d);
    *gradient += w * (1 - far / near) * v * v.transpose();
    *gradient += w * (1 - near / far) * u * u.transpose();
  }
  return value;
}

SolverProblem with_quadruplets(SolverProblem problem, std::int64_t count) {
  problem.quadruplets = require_quadruplets(problem, count, "a test");
  return problem;
}

TEST_CASE("sums over pairs equal their definitions") {
  const SolverProblem problem = gaussian_classes(20, 19, 2, 1);
  const std::vector<RowPair> pairs = {{0, 1}, {5, 2}, {7, 7}, {1, 19}, {0, 1}};
  const Vector w{{0.5, -2, 3, 0, 1.25}};
  const Vector distances = pair_distances(problem.X, pairs);
  Matrix scatter = Matrix::Zero(19, 19);
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    const Vector v = difference(problem, pairs[k].first, pairs[k].second);
    CHECK(distances[static_cast<Eigen::Index>(k)] ==
          doctest::Approx(v.squaredNorm()).epsilon(1e-14));
    scatter += w[static_cast<Eigen::Index>(k)] * v * v.transpose();
  }
  CHECK(relative_difference(scatter_of_pairs(problem.X, pairs, w), scatter) < 1e-13);
}

TEST_CASE("LSML of one comparison on a line by hand") {
  // m·(a − c)² + r·(m − log m − 1) is least at m = r/(r + (a − c)²); a kept comparison leaves m
  // = 1.
  for (double regularization : {0.3, 1.0, 4.0})
    for (double c : {0.0, 0.5, 3.5}) {
      SolverProblem problem{.X = Matrix{{0}, {2}, {c}}, .random = Random(1)};
      problem.quadruplets = {{0, 1, 0, 2}};
      const Solution solution =
          solve(fmt::format(R"({{"plugin": "lsml", "regularization": {}, "tolerance": 1e-14}})",
                            regularization),
                problem);
      const double violation = std::max(2 - c, 0.0);
      const double m = regularization / (regularization + violation * violation);
      CHECK(metric(solution)(0, 0) == doctest::Approx(m).epsilon(1e-6));
      CHECK(solution.objective ==
            doctest::Approx(m * violation * violation + regularization * (m - std::log(m) - 1))
                .epsilon(1e-9));
    }
}

TEST_CASE("LSML ends where the gradient in M vanishes, with a prior and weights") {
  SolverProblem problem = with_quadruplets(gaussian_classes(60, 5, 3, 1), 80);
  problem.X.col(1) *= 7;
  problem.X.col(3) += problem.X.col(0);
  Vector weights(80);
  std::string list;
  for (int k = 0; k < 80; ++k) {
    weights[k] = 1 + k % 5;
    list += fmt::format("{}{}", k > 0 ? ", " : "", weights[k]);
  }
  const Matrix covariances = covariance(problem.X).inverse();
  for (const bool identity : {true, false}) {
    const Matrix prior = identity ? Matrix::Identity(5, 5) : covariances;
    const Solution solution = solve(
        fmt::format(R"({{"plugin": "lsml", "prior": "{}", "weights": [{}], "tolerance": 1e-14}})",
                    identity ? "identity" : "covariance", list),
        problem);
    const Matrix M = metric(solution);
    Matrix gradient;
    CHECK(solution.objective ==
          doctest::Approx(plain_lsml(problem, M, prior, weights, &gradient)).epsilon(1e-9));
    CHECK(gradient.norm() < 1e-5 * prior.inverse().norm());
    CHECK(std::is_sorted(solution.objectives.rbegin(), solution.objectives.rend()));
    // One step beyond in any direction is no better.
    Random random(3);
    for (int k = 0; k < 5; ++k) {
      Matrix step = Matrix::NullaryExpr(5, 5, [&] { return random.normal(); });
      step = 1e-3 * M.norm() * (step + step.transpose()) / step.norm();
      if (symmetric_eigen(M + step).values.minCoeff() > 0)
        CHECK(plain_lsml(problem, M + step, prior, weights) >= solution.objective);
    }
  }
}

TEST_CASE("LSML reaches a lower objective than metric-learn on the same quadruplets") {
  const auto reference = classical_reference();
  if (!reference) return;
  for (const std::string name : {"wine", "breast_cancer"}) {
    CAPTURE(name);
    SolverProblem problem = reference_problem(*reference, name);
    const Matrix table = read_table(*reference / "constraints" / (name + "_quads.csv"));
    for (Eigen::Index k = 0; k < table.rows(); ++k) {
      auto& quadruplet = problem.quadruplets.emplace_back();
      for (Eigen::Index column = 0; column < 4; ++column)
        quadruplet[static_cast<std::size_t>(column)] = static_cast<std::int64_t>(table(k, column));
    }
    const Matrix theirs = read_table(*reference / "metrics" / ("ml_LSML_" + name + "_M.csv"));
    const Matrix I = Matrix::Identity(problem.d(), problem.d());
    const Vector weights = Vector::Ones(table.rows());
    const Solution solution = solve("\"lsml\"", problem);
    const double ours = plain_lsml(problem, metric(solution), I, weights);
    CHECK(solution.objective == doctest::Approx(ours).epsilon(1e-9));
    CHECK(ours <= plain_lsml(problem, theirs, I, weights) + 1e-9);
    // Both are near the one minimum; theirs stopped after 8 and 2 steps.
    CHECK(relative_difference(metric(solution), theirs) < 0.2);
  }
}

TEST_CASE("LSML: the order of quadruplets doesn't matter, rotating the input rotates the metric") {
  const SolverProblem problem = with_quadruplets(gaussian_classes(60, 5, 3, 1), 80);
  const std::string json = R"({"plugin": "lsml", "tolerance": 1e-12})";
  const Matrix M = metric(solve(json, problem));
  SolverProblem other = problem;
  std::reverse(other.quadruplets.begin(), other.quadruplets.end());
  CHECK(relative_difference(metric(solve(json, other)), M) < 1e-6);
  const Matrix rotation = random_rotation(5, 3);
  other.X = problem.X * rotation.transpose();
  CHECK(relative_difference(metric(solve(json, other)), rotation * M * rotation.transpose()) <
        1e-6);
}

TEST_CASE("LSML: equal examples say nothing; what it refuses") {
  SolverProblem problem{.X = Matrix{{0, 1}, {0, 1}, {2, 0}}, .random = Random(1)};
  problem.quadruplets = {{0, 1, 0, 2}, {0, 1, 0, 1}};
  CHECK(relative_difference(metric(solve("\"lsml\"", problem)), Matrix::Identity(2, 2)) < 1e-12);
  CHECK_THROWS_WITH_AS(solve(R"({"plugin": "lsml", "weights": [1]})", problem),
                       "/weights: 1 weights for 2 quadruplets; each needs one", Error);
  CHECK_THROWS_WITH_AS(solve(R"({"plugin": "lsml", "weights": [1, -1]})", problem),
                       "/weights: the weights of quadruplets must be finite, at least 0, and not "
                       "all 0",
                       Error);
  problem.quadruplets = {{0, 1, 0, 3}};
  CHECK_THROWS_WITH_AS(solve("\"lsml\"", problem), "quadruplet 0 names example 3; there are 0 to 2",
                       Error);
  problem.quadruplets.clear();
  CHECK_THROWS_WITH_AS(solve("\"lsml\"", problem),
                       "lsml learns from quadruplets or class labels, and these data have neither",
                       Error);
}

}  // namespace
