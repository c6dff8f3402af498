// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <cmath>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

/// Mean of the outer products of all pairs of a kind, pair by pair.
Matrix plain_scatter(const SolverProblem& problem, bool similar) {
  Matrix sum = Matrix::Zero(problem.d(), problem.d());
  double count = 0;
  for (std::int64_t i = 0; i < problem.n(); ++i)
    for (std::int64_t j = 0; j < i; ++j) {
      if ((problem.y[static_cast<std::size_t>(i)] == problem.y[static_cast<std::size_t>(j)]) !=
          similar)
        continue;
      const Vector v = (problem.X.row(i) - problem.X.row(j)).transpose();
      sum += v * v.transpose();
      ++count;
    }
  return sum / count;
}

SolverProblem with_all_pairs(SolverProblem problem) {
  for (std::int64_t i = 0; i < problem.n(); ++i)
    for (std::int64_t j = 0; j < i; ++j)
      problem.pairs.push_back(
          {i, j, problem.y[static_cast<std::size_t>(i)] == problem.y[static_cast<std::size_t>(j)]});
  return problem;
}

TEST_CASE("KISSME is the positive part of the difference of inverse scatters") {
  const SolverProblem problem = gaussian_classes(50, 4, 3, 1.2);
  const Matrix difference =
      plain_scatter(problem, true).inverse() - plain_scatter(problem, false).inverse();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(difference);
  const Matrix expected = eigen.eigenvectors() * eigen.eigenvalues().cwiseMax(0).asDiagonal() *
                          eigen.eigenvectors().transpose();
  const std::string json = R"({"plugin": "kissme", "regularization": 1e-12})";
  CHECK(relative_difference(metric(solve(json, problem)), expected) < 1e-8);
  CHECK(relative_difference(metric(solve(json, with_all_pairs(problem))), expected) < 1e-8);
}

TEST_CASE("XQDA is the difference of inverse scatters within its subspace") {
  const SolverProblem problem = gaussian_classes(50, 5, 3, 1.2);
  const Matrix intra = plain_scatter(problem, true), extra = plain_scatter(problem, false);
  const Eigen::GeneralizedSelfAdjointEigenSolver<Eigen::MatrixXd> eigen(extra, intra);
  const auto above = static_cast<std::int64_t>((eigen.eigenvalues().array() > 1).count());
  REQUIRE(above >= 2);
  for (const std::int64_t r : {above, std::int64_t{1}}) {
    const Matrix W = eigen.eigenvectors().rightCols(r);
    const Matrix inner =
        (W.transpose() * intra * W).inverse() - (W.transpose() * extra * W).inverse();
    const std::string json =
        R"({"plugin": "xqda", "regularization": 0, "components": )" + std::to_string(r) + "}";
    const Solution solution = solve(json, problem);
    CHECK(solution.L.rows() == r);
    CHECK(relative_difference(metric(solution), W * inner * W.transpose()) < 1e-9);
    CHECK(relative_difference(metric(solve(json, with_all_pairs(problem))),
                              W * inner * W.transpose()) < 1e-9);
    CHECK(solution.objective == doctest::Approx(eigen.eigenvalues().tail(r).array().log().sum()));
  }
}

TEST_CASE("KISSME and XQDA where similar pairs differ as dissimilar ones do") {
  SolverProblem problem = gaussian_classes(8, 2, 2, 0);
  // Similar pairs are farther apart in every direction.
  problem.X = Matrix{{0, 0}, {1, 1}, {9, 0}, {8, 1}, {0, 9}, {1, 8}, {9, 9}, {8, 8}};
  problem.pairs = {{0, 2, true}, {0, 4, true}, {0, 6, true}, {0, 1, false}, {2, 3, false}};
  CHECK(metric(solve(R"("kissme")", problem)).norm() < 1e-6);
  CHECK_THROWS_WITH_AS(solve(R"("xqda")", problem),
                       "xqda needs a direction in which dissimilar pairs differ more than similar "
                       "ones; here there is none",
                       Error);
}

}  // namespace
