// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <cmath>
#include <metriclab/classical/linear_algebra.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

// Four points whose covariance is diag(4·9, 4·1)/3, the class being the sign of the first
// coordinate.
SolverProblem rhombus() {
  SolverProblem problem{.X = Matrix(4, 2), .random = Random(1)};
  problem.X << 3, 1, 3, -1, -3, 1, -3, -1;
  problem.y = {0, 0, 1, 1};
  return problem;
}

TEST_CASE("mahalanobis, pca and lda of four points by hand") {
  const SolverProblem problem = rhombus();
  Matrix inverse(2, 2);
  inverse << 3.0 / 36, 0, 0, 3.0 / 4;
  CHECK(relative_difference(metric(solve("\"mahalanobis\"", problem)), inverse) < 1e-14);

  const Solution pca = solve(R"({"plugin": "pca", "components": 1})", problem);
  CHECK(pca.L == Matrix{{1, 0}});
  CHECK(pca.objective == doctest::Approx(36.0 / 40));
  CHECK(pca.stopped == "closed form");
  const Solution white = solve(R"({"plugin": "pca", "whiten": true})", problem);
  CHECK(relative_difference(metric(white), inverse) < 1e-14);

  // S_w = diag(0, 4)/2: the first feature has no scatter within the classes and is left out, and
  // then nothing tells the classes apart.
  CHECK_THROWS_WITH_AS(solve("\"lda\"", problem),
                       "lda needs class means that differ; all of these are equal", Error);
  SolverProblem skewed = problem;
  skewed.X << 4, 1, 2, -1, -2, 1, -4, -1;
  // S_w = (1/2)·[[4, 4], [4, 4]] has rank 1, along (1, 1); class means ±(3, 0).
  const Solution lda = solve("\"lda\"", skewed);
  Matrix expected(2, 2);
  expected << 1, 1, 1, 1;
  // w = c·(1, 1) with wᵀS_w w = 8c² = 1; λ = wᵀS_b w = c²·36/2.
  CHECK(relative_difference(metric(lda), expected / 8) < 1e-12);
  CHECK(lda.objective == doctest::Approx(36.0 / 2 / 8));
}

TEST_CASE("mahalanobis and lda agree with metric-learn and pyDML") {
  const auto reference = classical_reference();
  if (!reference) return;
  for (const std::string name : {"wine", "breast_cancer"}) {
    CAPTURE(name);
    const SolverProblem problem = reference_problem(*reference, name);
    const Matrix covariance =
        read_table(*reference / "metrics" / ("ml_Covariance_" + name + "_M.csv"));
    CHECK(relative_difference(metric(solve("\"mahalanobis\"", problem)), covariance) < 1e-9);
    const Matrix lda = read_table(*reference / "metrics" / ("py_LDA_" + name + "_M.csv"));
    CHECK(relative_difference(metric(solve("\"lda\"", problem)), lda) < 1e-9);
  }
}

TEST_CASE("Ledoit and Wolf's shrinkage from its definition") {
  const SolverProblem problem = gaussian_classes(40, 6, 3, 1);
  const Matrix& X = problem.X;
  const Matrix centred = X.rowwise() - mean(X).transpose();
  const Matrix S = centred.transpose() * centred / 40;
  const Matrix target = S.trace() / 6 * Matrix::Identity(6, 6);
  double beta = 0;
  for (Eigen::Index k = 0; k < 40; ++k)
    beta += (centred.row(k).transpose() * centred.row(k) - S).squaredNorm();
  const double shrinkage = beta / 1600 / (S - target).squaredNorm();
  REQUIRE(shrinkage < 1);
  CHECK(ledoit_wolf_shrinkage(X) == doctest::Approx(shrinkage).epsilon(1e-12));

  const Matrix C = (1 - shrinkage) * covariance(X) + shrinkage * 40 / 39 * target;
  const Matrix M = metric(solve(R"({"plugin": "mahalanobis", "shrinkage": null})", problem));
  CHECK(relative_difference(M * C, Matrix::Identity(6, 6)) < 1e-12);
  const Matrix ball = metric(solve(R"({"plugin": "mahalanobis", "shrinkage": 1})", problem));
  CHECK(relative_difference(ball, Matrix::Identity(6, 6) * 6 / covariance(X).trace()) < 1e-12);
}

TEST_CASE("how the closed forms transform") {
  const SolverProblem problem = gaussian_classes(60, 5, 3, 2);
  const Matrix rotation = random_rotation(5, 7);
  const Vector scales{{0.01, 1, 5, 300, 2}};
  SolverProblem turned = problem, scaled = problem, shifted = problem;
  turned.X = problem.X * rotation.transpose();
  scaled.X = problem.X * scales.asDiagonal();
  shifted.X.rowwise() += Eigen::RowVectorXd{{1, 2, -3, 4, 100}};
  const Matrix unscale = scales.cwiseInverse().asDiagonal();
  for (const std::string json : {R"("mahalanobis")", R"("lda")"}) {
    CAPTURE(json);
    const Matrix M = metric(solve(json, problem));
    // Both are affinely invariant: distances are the same before and after.
    CHECK(relative_difference(metric(solve(json, turned)), rotation * M * rotation.transpose()) <
          1e-10);
    CHECK(relative_difference(metric(solve(json, scaled)), unscale * M * unscale) < 1e-7);
    CHECK(relative_difference(metric(solve(json, shifted)), M) < 1e-10);
  }
  const std::string two = R"({"plugin": "pca", "components": 2})";
  const Solution pca = solve(two, problem);
  CHECK(relative_difference(metric(solve(two, turned)),
                            rotation * metric(pca) * rotation.transpose()) < 1e-10);
  CHECK(relative_difference(pca.L * pca.L.transpose(), Matrix::Identity(2, 2)) < 1e-13);
  const Solution lda = solve("\"lda\"", problem);
  CHECK(lda.L.rows() == 2);
  for (Eigen::Index i = 0; i < 2; ++i) CHECK(lda.L.row(i).maxCoeff() >= -lda.L.row(i).minCoeff());
}

TEST_CASE("singular covariances: a constant feature, duplicates, d > n") {
  SolverProblem problem = gaussian_classes(30, 4, 3, 2);
  SolverProblem wider = problem;
  wider.X.conservativeResize(30, 6);
  wider.X.col(4).setConstant(0.1);
  wider.X.col(5) = problem.X.col(0) + problem.X.col(1);
  const Solution mahalanobis = solve("\"mahalanobis\"", wider);
  CHECK(mahalanobis.L.rows() == 4);
  CHECK(mahalanobis.L.col(4).norm() < 1e-12);
  // The pseudo-inverse keeps the distances between the examples: C⁺ on range(C) is that of the four
  // free features.
  const Matrix plain = problem.X * solve("\"mahalanobis\"", problem).L.transpose();
  const Matrix wide = wider.X * mahalanobis.L.transpose();
  CHECK(relative_difference(squared_distances(wide, wide), squared_distances(plain, plain)) < 1e-9);
  CHECK(relative_difference(
            squared_distances(wider.X * solve("\"lda\"", wider).L.transpose(), Matrix::Zero(1, 2)),
            squared_distances(problem.X * solve("\"lda\"", problem).L.transpose(),
                              Matrix::Zero(1, 2))) < 1e-8);

  SolverProblem flat = gaussian_classes(8, 20, 2, 3);
  CHECK(solve("\"pca\"", flat).L.rows() == 7);
  CHECK(solve("\"mahalanobis\"", flat).L.rows() == 7);
  CHECK(solve("\"lda\"", flat).L.allFinite());
  CHECK(solve(R"({"plugin": "lda", "regularization": 0.1})", flat).L.rows() == 1);
  CHECK(solve(R"({"plugin": "mahalanobis", "shrinkage": null})", flat).L.rows() == 20);
}

TEST_CASE("what the closed forms refuse") {
  SolverProblem problem = rhombus();
  CHECK_THROWS_WITH_AS(
      solve(R"({"plugin": "pca", "components": 3})", problem),
      "/components: 3 is above the greatest value 2 here, the rank of the centred data", Error);
  SolverProblem same = problem;
  same.X.setConstant(0.3);
  CHECK_THROWS_WITH_AS(solve("\"pca\"", same),
                       "pca needs examples that differ; all of these are equal", Error);
  CHECK_THROWS_WITH_AS(solve("\"mahalanobis\"", same),
                       "mahalanobis needs examples that differ; all of these are equal", Error);
  CHECK_THROWS_WITH_AS(solve("\"lda\"", same),
                       "lda needs scatter within a class; the examples of each class are equal",
                       Error);
  same.X.resize(1, 2);
  CHECK_THROWS_WITH_AS(solve("\"pca\"", same), "pca needs at least 2 examples, got 1", Error);
  SolverProblem one_class = problem;
  one_class.y = {2, 2, 2, 2};
  CHECK_THROWS_WITH_AS(solve("\"lda\"", one_class),
                       "lda needs examples of at least two classes; all 4 are of class 2", Error);
  one_class.y.clear();
  CHECK_THROWS_WITH_AS(solve("\"lda\"", one_class),
                       "lda learns from class labels, and these data have none", Error);
  problem.X(2, 1) = std::nan("");
  CHECK_THROWS_WITH_AS(solve("\"lda\"", problem),
                       "feature 1 of example 2 is nan; lda needs finite features", Error);
  CHECK_THROWS_WITH_AS(solve("\"euclidean\"", problem),
                       "feature 1 of example 2 is nan; euclidean needs finite features", Error);
}

TEST_CASE("the nearest PSD matrix and its factor") {
  const Matrix Q = random_rotation(3, 2);
  const Matrix A = Q.transpose() * Vector{{2, 1, -1}}.asDiagonal() * Q;
  const Matrix P = Q.transpose() * Vector{{2, 1, 0}}.asDiagonal() * Q;
  CHECK(relative_difference(project_psd(A), P) < 1e-13);
  CHECK(relative_difference(project_psd(P), P) < 1e-13);
  const Matrix L = factorize(P, 1e-12);
  CHECK(L.rows() == 2);
  CHECK(relative_difference(L.transpose() * L, P) < 1e-13);
  CHECK(factorize(Matrix::Zero(3, 3)) == Matrix::Zero(1, 3));
}

}  // namespace
