// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/classical/supervision.hpp>
#include <metriclab/neighbors/search.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

double distance(const SolverProblem& problem, const Matrix& M, std::int64_t i, std::int64_t j) {
  const Vector v = (problem.X.row(i) - problem.X.row(j)).transpose();
  return v.dot(M * v);
}

TEST_CASE("RCA is the inverse of the scatter within chunks, example by example") {
  SolverProblem problem = gaussian_classes(30, 4, 3, 2);
  problem.chunks.assign(30, -1);
  for (std::int64_t i = 0; i < 24; ++i) problem.chunks[static_cast<std::size_t>(i)] = i / 4;
  Matrix C = Matrix::Zero(4, 4);
  for (std::int64_t chunk = 0; chunk < 6; ++chunk) {
    const Eigen::RowVectorXd m = problem.X.middleRows(4 * chunk, 4).colwise().mean();
    for (std::int64_t i = 4 * chunk; i < 4 * chunk + 4; ++i)
      C += (problem.X.row(i) - m).transpose() * (problem.X.row(i) - m) / 24;
  }
  CHECK(relative_difference(metric(solve("\"rca\"", problem)), C.inverse()) < 1e-10);
  // A constant feature has no weight.
  problem.X.col(2).setConstant(3);
  CHECK(metric(solve("\"rca\"", problem)).col(2).norm() == 0);
}

TEST_CASE("GMML solves M·S·M = D, and goes from S⁻¹ to D") {
  SolverProblem problem = gaussian_classes(40, 4, 3, 1.5);
  Matrix S = Matrix::Zero(4, 4), D = S;
  double similar = 0, dissimilar = 0;
  for (std::int64_t i = 0; i < 40; ++i)
    for (std::int64_t j = 0; j < i; ++j) {
      const bool same =
          problem.y[static_cast<std::size_t>(i)] == problem.y[static_cast<std::size_t>(j)];
      problem.pairs.push_back({i, j, same});
      const Vector v = (problem.X.row(i) - problem.X.row(j)).transpose();
      (same ? S : D) += v * v.transpose();
      (same ? similar : dissimilar) += 1;
    }
  S /= similar;
  D /= dissimilar;
  auto at = [&](const std::string& step) {
    return metric(solve(R"({"plugin": "gmml", "regularization": 0, "geodesic_step": )" + step + "}",
                        problem));
  };
  const Matrix M = at("0.5");
  CHECK(relative_difference(M * S * M, D) < 1e-10);
  CHECK(relative_difference(at("0"), S.inverse()) < 1e-10);
  CHECK(relative_difference(at("1"), D) < 1e-10);
}

TEST_CASE("SCML's objective is the mean hinge of its metric, and never rises") {
  const SolverProblem problem = gaussian_classes(80, 5, 3, 1);
  const Solution solution =
      solve(R"({"plugin": "scml", "k_genuine": 2, "k_impostor": 3, "beta": 0})", problem);
  const Matrix M = metric(solution);
  double sum = 0, count = 0;
  for (const auto& [i, j, l] : require_triplets(problem, 2, 3, "scml")) {
    sum += std::max(0.0, 1 + distance(problem, M, i, j) - distance(problem, M, i, l));
    ++count;
  }
  CHECK(solution.objective == doctest::Approx(sum / count).epsilon(1e-8));
  CHECK(std::is_sorted(solution.objectives.rbegin(), solution.objectives.rend()));
  CHECK(solution.objective < 0.99 * solution.objectives.front());
}

TEST_CASE("BoostMetric's objective is the mean exponential loss of its metric, at its minimum") {
  const SolverProblem problem = gaussian_classes(60, 4, 3, 0.7);
  const double weight = 0.05;
  const Solution solution = solve(
      R"({"plugin": "boostmetric", "k_genuine": 2, "k_impostor": 3, "trace_weight": 0.05,
          "max_iterations": 2000, "tolerance": 1e-6})",
      problem);
  const Matrix M = metric(solution);
  double sum = 0, count = 0;
  Matrix slope = Matrix::Zero(4, 4);  // −∂/∂M of the loss
  for (const auto& [i, j, l] : require_triplets(problem, 2, 3, "boostmetric")) {
    const double loss = std::exp(distance(problem, M, i, j) - distance(problem, M, i, l));
    const Vector near = (problem.X.row(i) - problem.X.row(j)).transpose();
    const Vector far = (problem.X.row(i) - problem.X.row(l)).transpose();
    slope += loss * (far * far.transpose() - near * near.transpose());
    sum += loss;
    ++count;
  }
  CHECK(solution.objective == doctest::Approx(sum / count + weight * M.trace()).epsilon(1e-8));
  CHECK(std::is_sorted(solution.objectives.rbegin(), solution.objectives.rend()));
  // Optimality: no direction's slope exceeds its price, and those in use pay it exactly.
  slope /= count;
  CHECK(symmetric_eigen(slope).values[0] < weight * 1.01);
  CHECK(slope.cwiseProduct(M).sum() == doctest::Approx(weight * M.trace()).epsilon(0.02));
}

TEST_CASE("OASIS separates by its margin a triplet that it is shown, and learns a ranking") {
  SolverProblem one{.X = Matrix{{1, 0, 2}, {0, 1, 1}, {2, 1, 0}}, .random = Random(1)};
  one.triplets = {{0, 1, 2}};
  auto similarities = [](const Solution& solution, const Matrix& X) {
    const Matrix E =
        solution.model
            ->embed(Examples({X.cols()}, std::vector<double>(X.data(), X.data() + X.size())))
            .cast<double>();
    const std::int64_t half = E.cols() / 2;
    return Matrix(E.leftCols(half) * E.rightCols(half).transpose());
  };
  const Solution shown = solve(R"({"plugin": "oasis", "steps": 5000})", one);
  REQUIRE(shown.model);
  CHECK(shown.model->distance() == Distance::bilinear);
  const Matrix S = similarities(shown, one.X);
  CHECK(S(0, 1) - S(0, 2) >= 1 - 1e-4);

  const SolverProblem problem = gaussian_classes(120, 6, 3, 1.5);
  const Solution solution = solve(R"({"plugin": "oasis", "steps": 20000})", problem);
  auto right = [&](const Matrix& similarity) {  // nearest others of the same class
    double count = 0;
    for (Eigen::Index i = 0; i < 120; ++i) {
      Eigen::Index best = i == 0 ? 1 : 0;
      for (Eigen::Index j = 0; j < 120; ++j)
        if (j != i && similarity(i, j) > similarity(i, best)) best = j;
      count += problem.y[static_cast<std::size_t>(i)] == problem.y[static_cast<std::size_t>(best)];
    }
    return count / 120;
  };
  CHECK(right(similarities(solution, problem.X)) > right(problem.X * problem.X.transpose()) + 0.02);
  CHECK(solution.objective < solution.objectives.front());
}

}  // namespace
