// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/classical/supervision.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

TEST_CASE("RVML is ridge regression with an intercept on one-hot labels") {
  const SolverProblem problem = gaussian_classes(70, 5, 4, 1.5);
  for (const double regularization : {1e-6, 0.5}) {
    CAPTURE(regularization);
    const Solution solution = solve(
        R"({"plugin": "rvml", "regularization": )" + std::to_string(regularization) + "}", problem);
    // Normal equations in (L, b), the intercept without a penalty.
    Matrix A(70, 6), V = Matrix::Zero(70, 4);
    A << problem.X, Vector::Ones(70);
    for (std::size_t i = 0; i < 70; ++i) V(static_cast<Eigen::Index>(i), problem.y[i]) = 1;
    const Matrix centred = problem.X.rowwise() - problem.X.colwise().mean();
    const double lambda = regularization * centred.squaredNorm() / 70 / 5;
    Matrix normal = A.transpose() * A / 70;
    normal.topLeftCorner(5, 5).diagonal().array() += lambda;
    const Matrix W = normal.inverse() * A.transpose() * V / 70;
    const Matrix L = W.topRows(5).transpose();
    CHECK(solution.L.rows() == 3);
    CHECK(relative_difference(metric(solution), L.transpose() * L) < 1e-9);
    CHECK(solution.objective ==
          doctest::Approx((A * W - V).squaredNorm() / 70 + lambda * L.squaredNorm()));
  }
}

TEST_CASE("RVML with a linear kernel, with more features than examples, and where none differ") {
  const SolverProblem problem = gaussian_classes(60, 4, 3, 2);
  const Matrix Z = problem.X * solve("\"rvml\"", problem).L.transpose();
  CHECK(Z.cols() == 2);
  const SolverProblem wide = gaussian_classes(12, 30, 3, 2);
  CHECK(solve("\"rvml\"", wide).L.allFinite());
  SolverProblem equal = problem;
  equal.X.rowwise() = equal.X.row(0).eval();
  CHECK_THROWS_WITH_AS(solve("\"rvml\"", equal),
                       "rvml needs examples that differ; all of these are equal", Error);
}

/// Chunks of three examples each, five of them, two a class but for the last.
SolverProblem five_chunks() {
  SolverProblem problem = gaussian_classes(15, 3, 3, 2);
  problem.y.clear();
  for (std::int64_t i = 0; i < 15; ++i) {
    problem.chunks.push_back(i / 3);
    problem.y.push_back(static_cast<std::int32_t>(i / 6));
  }
  return problem;
}

struct Scatters {
  Matrix within, between;
};
/// C_w and C_b by their definitions, for pairs of chunks that differ.
Scatters plain_scatters(const SolverProblem& problem,
                        const std::vector<std::pair<int, int>>& differing) {
  Matrix means(5, 3);
  Scatters scatters{Matrix::Zero(3, 3), Matrix::Zero(3, 3)};
  for (int k = 0; k < 5; ++k) {
    const Matrix own = problem.X.middleRows(3 * k, 3);
    means.row(k) = own.colwise().mean();
    const Matrix centred = own.rowwise() - own.colwise().mean();
    scatters.within += centred.transpose() * centred / 3 / 5;
  }
  for (const auto& [a, b] : differing) {
    const Vector v = (means.row(a) - means.row(b)).transpose();
    scatters.between += v * v.transpose() / static_cast<double>(differing.size());
  }
  return scatters;
}

TEST_CASE("DCA whitens within chunks in the range of what differs between them") {
  SolverProblem problem = five_chunks();
  auto check = [&](const std::vector<std::pair<int, int>>& differing) {
    const auto [within, between] = plain_scatters(problem, differing);
    const Solution solution = solve("\"dca\"", problem);
    const Matrix& L = solution.L;
    CHECK(relative_difference(L * within * L.transpose(), Matrix::Identity(L.rows(), L.rows())) <
          1e-8);
    const Matrix ratios = L * between * L.transpose();
    CHECK((ratios - Matrix(ratios.diagonal().asDiagonal())).norm() < 1e-8 * ratios.norm());
    for (Eigen::Index k = 1; k < L.rows(); ++k) CHECK(ratios(k, k) <= ratios(k - 1, k - 1));
    CHECK(solution.objective == doctest::Approx(ratios.trace()));
    // Every row in the range of C_b, and as many as that has.
    const Eigen::FullPivLU<Eigen::MatrixXd> range(between);
    CHECK(L.rows() == range.rank());
    Matrix both(L.rows() + 3, 3);
    both << L, between;
    CHECK(Eigen::FullPivLU<Eigen::MatrixXd>(both).rank() == range.rank());
  };
  // Of the labels: chunks 0 and 1, and 2 and 3, are of one class.
  check({{0, 2}, {0, 3}, {0, 4}, {1, 2}, {1, 3}, {1, 4}, {2, 4}, {3, 4}});
  // One dissimilar pair joins chunks 0 and 3, twice over; the others say nothing.
  problem.pairs = {{0, 9, false}, {10, 2, false}, {0, 1, false}, {5, 14, true}};
  check({{0, 3}});
  problem.pairs.push_back({8, 14, false});
  check({{0, 3}, {2, 4}});
  problem.pairs.clear();
  problem.y.clear();
  check({{0, 1}, {0, 2}, {0, 3}, {0, 4}, {1, 2}, {1, 3}, {1, 4}, {2, 3}, {2, 4}, {3, 4}});

  problem.y.assign(15, 0);
  CHECK_THROWS_WITH_AS(solve("\"dca\"", problem),
                       "dca needs two chunks that are known to differ; give a dissimilar pair "
                       "between two chunks, or chunks of two classes",
                       Error);
}

}  // namespace
