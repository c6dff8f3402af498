// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <metriclab/classical/eigenproblem.hpp>
#include <metriclab/classical/neighborhoods.hpp>
#include <metriclab/classical/projections.hpp>
#include <metriclab/classical/supervision.hpp>
#include <utility>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

Matrix outer(const SolverProblem& problem, std::int64_t i, std::int64_t j) {
  const Vector difference = problem.X.row(i) - problem.X.row(j);
  return difference * difference.transpose();
}

/// The nearest of x_i among those of its class, or among the others, by their definition.
Indices near(const SolverProblem& problem, std::int64_t i, bool same, std::size_t k) {
  Indices found;
  for (std::int64_t j = 0; j < problem.n(); ++j)
    if (j != i && (problem.y[j] == problem.y[i]) == same) found.push_back(j);
  std::stable_sort(found.begin(), found.end(), [&](std::int64_t a, std::int64_t b) {
    return outer(problem, i, a).trace() < outer(problem, i, b).trace();
  });
  if (found.size() > k) found.resize(k);
  return found;
}

/// Σ_i mean over the k nearest of (x_i − x_j)(x_i − x_j)ᵀ.
Matrix plain_scatter(const SolverProblem& problem, bool same, std::size_t k) {
  Matrix sum = Matrix::Zero(problem.d(), problem.d());
  for (std::int64_t i = 0; i < problem.n(); ++i) {
    const Indices found = near(problem, i, same, k);
    for (std::int64_t j : found) sum += outer(problem, i, j) / static_cast<double>(found.size());
  }
  return sum;
}

SolverProblem some_classes() {
  SolverProblem problem = gaussian_classes(61, 5, 3, 1.5);
  problem.y[60] = 3;  // alone
  return problem;
}

TEST_CASE("leading and generalized eigenvectors satisfy their equations") {
  const Matrix X = gaussian_classes(40, 24, 2, 1).X;
  const Matrix A = gram(X), B = gram(gaussian_classes(30, 24, 2, 1, 5).X);
  CHECK(relative_difference(A, X.transpose() * X) < 1e-14);
  CHECK(relative_difference(symmetric_product(X, 2 * X), 2 * A) < 1e-14);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(A);
  SymmetricEigen expected{solver.eigenvalues().reverse(),
                          solver.eigenvectors().rowwise().reverse().transpose()};
  fix_signs(expected.vectors);
  const SymmetricEigen all = symmetric_eigen(A);
  CHECK((all.values - expected.values).norm() < 1e-12 * expected.values[0]);
  CHECK(relative_difference(all.vectors, expected.vectors) < 1e-9);
  for (std::int64_t count : {1, 5, 20, 24}) {
    const SymmetricEigen found = leading_eigen(A, count);
    CHECK((found.values - expected.values.head(count)).norm() < 1e-10 * expected.values[0]);
    CHECK(relative_difference(found.vectors, expected.vectors.topRows(count)) < 1e-9);
    const SymmetricEigen general = generalized_eigen(A, RangeInverse(B), count);
    CHECK(relative_difference(A * general.vectors.transpose(),
                              B * general.vectors.transpose() * general.values.asDiagonal()) <
          1e-9);
    CHECK(relative_difference(general.vectors * B * general.vectors.transpose(),
                              Matrix::Identity(count, count)) < 1e-9);
    CHECK(std::is_sorted(general.values.data(), general.values.data() + count, std::greater<>()));
  }
}

TEST_CASE("a singular matrix is inverted on its range") {
  Matrix X = gaussian_classes(40, 5, 2, 1).X;
  X.col(0) *= 1e6;
  X.col(2).setZero();
  X.col(4) = X.col(1) + X.col(3);
  const Matrix B = gram(X);
  const Matrix A = gram(gaussian_classes(9, 5, 2, 1, 7).X);
  const RangeInverse W(B);
  CHECK(W.rank() == 3);
  const Matrix rows = W.lift(Matrix::Identity(3, 3));
  CHECK(relative_difference(rows * B * rows.transpose(), Matrix::Identity(3, 3)) < 1e-8);
  CHECK(rows.col(2) == Vector::Zero(3));
  CHECK(relative_difference(W.map(A), A * rows.transpose()) < 1e-12);
  CHECK(relative_difference(W.reduce(A), rows * A * rows.transpose()) < 1e-10);
  CHECK(RangeInverse(Matrix::Zero(3, 3)).rank() == 0);
}

TEST_CASE("principal components of more features than examples") {
  SolverProblem problem = gaussian_classes(20, 45, 2, 1);
  problem.X.rowwise() += Eigen::RowVectorXd::Constant(45, 100);
  const SymmetricEigen expected = symmetric_eigen(covariance(problem.X));
  const Directions all = principal_components(problem.X, "test");
  CHECK(all.rows.rows() == 19);
  CHECK((all.values - expected.values.head(19)).norm() < 1e-10 * expected.values[0]);
  CHECK(relative_difference(all.rows, expected.vectors.topRows(19)) < 1e-8);
  const Directions three = principal_components(problem.X, "test", 3);
  CHECK(three.values.size() == 3);
  CHECK(relative_difference(three.rows, expected.vectors.topRows(3)) < 1e-9);
  const Solution pca = solve(R"({"plugin": "pca", "components": 3})", problem);
  CHECK(pca.objective == doctest::Approx(expected.values.head(3).sum() / expected.values.sum()));
  // Directions of nearly no variance are orthonormal all the same.
  problem.X.row(1) = problem.X.row(0) + 1e-6 * problem.X.row(2);
  const Matrix rows = principal_components(problem.X, "test").rows;
  CHECK(relative_difference(rows * rows.transpose(), Matrix::Identity(19, 19)) < 1e-12);
  CHECK_THROWS_WITH_AS(
      solve(R"({"plugin": "pca", "components": 20})", problem),
      "/components: 20 is above the greatest value 19 here, the rank of the centred data", Error);
}

TEST_CASE("ANMM of four points by hand, and its margin by the plain sums") {
  // Friends are 2 apart along the second axis, the nearest enemies 3 along the first: S = diag(36,
  // 0), C = diag(0, 16).
  const SolverProblem hand{
      .X = Matrix{{0, 0}, {0, 2}, {3, 0}, {3, 2}}, .y = {0, 0, 1, 1}, .random = Random(1)};
  const Solution by_hand = solve("\"anmm\"", hand);
  CHECK(by_hand.L == Matrix{{1, 0}});
  CHECK(by_hand.objective == doctest::Approx(36));
  const Solution both = solve(R"({"plugin": "anmm", "components": 2})", hand);
  CHECK(metric(both) == Matrix::Identity(2, 2));
  CHECK(both.objective == doctest::Approx(36 - 16));

  const SolverProblem problem = some_classes();
  const Matrix margin = plain_scatter(problem, false, 2) - plain_scatter(problem, true, 4);
  const SymmetricEigen eigen = symmetric_eigen(margin);
  const Solution solution = solve(R"({"plugin": "anmm", "n_friends": 4, "n_enemies": 2})", problem);
  const auto positive = (eigen.values.array() > 0).count();
  REQUIRE(positive < 5);
  CHECK(solution.L.rows() == positive);
  CHECK(relative_difference(solution.L, eigen.vectors.topRows(positive)) < 1e-9);
  CHECK(solution.objective == doctest::Approx(eigen.values.cwiseMax(0).sum()).epsilon(1e-10));
}

TEST_CASE("DMLMJ by the plain sums") {
  const SolverProblem problem = some_classes();
  const Matrix S = plain_scatter(problem, true, 3) / 60, D = plain_scatter(problem, false, 3) / 61;
  const Solution solution = solve("\"dmlmj\"", problem);
  CHECK(relative_difference(metric(solution), S.inverse()) < 1e-10);
  CHECK(relative_difference(solution.L * S * solution.L.transpose(), Matrix::Identity(5, 5)) <
        1e-10);
  const Matrix ratio = solution.L * D * solution.L.transpose();
  CHECK((ratio - Matrix(ratio.diagonal().asDiagonal())).norm() < 1e-9 * ratio.norm());
  const Vector divergence = (ratio.diagonal().array() + ratio.diagonal().array().inverse()) / 2 - 1;
  CHECK(std::is_sorted(divergence.data(), divergence.data() + 5, std::greater<>()));
  CHECK(solution.objective == doctest::Approx(divergence.sum()));
  const Solution two = solve(R"({"plugin": "dmlmj", "components": 2})", problem);
  CHECK(relative_difference(two.L, solution.L.topRows(2)) < 1e-10);
  const Matrix ridge = S + 0.1 * S.trace() / 5 * Matrix::Identity(5, 5);
  CHECK(relative_difference(metric(solve(R"({"plugin": "dmlmj", "regularization": 0.1})", problem)),
                            ridge.inverse()) < 1e-10);
}

/// S_w and S_b of local Fisher discriminant analysis, pair by pair.
std::pair<Matrix, Matrix> plain_lfda(const SolverProblem& problem, std::size_t k,
                                     bool local_scaling) {
  const std::int64_t n = problem.n();
  std::vector<double> sigma;
  std::vector<Indices> nearest;
  for (std::int64_t i = 0; i < n; ++i) {
    nearest.push_back(near(problem, i, true, k));
    sigma.push_back(
        nearest.back().empty() ? 0 : std::sqrt(outer(problem, i, nearest.back().back()).trace()));
  }
  auto is_near = [&](std::int64_t i, std::int64_t j) {
    const Indices& of = nearest[static_cast<std::size_t>(i)];
    return std::find(of.begin(), of.end(), j) != of.end() ? 0.5 : 0;
  };
  const auto one = 1 / static_cast<double>(n);
  Matrix within = Matrix::Zero(problem.d(), problem.d()), between = within;
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < n; ++j) {
      const Matrix square = outer(problem, i, j) / 2;
      if (problem.y[i] != problem.y[j]) {
        between += one * square;
        continue;
      }
      const double size =
          static_cast<double>(std::count(problem.y.begin(), problem.y.end(), problem.y[i]));
      const double scale = sigma[static_cast<std::size_t>(i)] * sigma[static_cast<std::size_t>(j)];
      const double a = !local_scaling ? is_near(i, j) + is_near(j, i)
                       : scale > 0    ? std::exp(-2 * square.trace() / scale)
                                      : square.trace() == 0;
      within += a / size * square;
      between += a * (one - 1 / size) * square;
    }
  return {within, between};
}

TEST_CASE("LFDA by the plain sums, in all its forms") {
  SolverProblem problem = some_classes();
  for (bool duplicates : {false, true})
    for (bool scaling : {true, false}) {
      CAPTURE(duplicates);
      CAPTURE(scaling);
      // Then the 4th nearest of some is at distance 0.
      if (duplicates)
        for (std::int64_t i = 3; i < 24; i += 3) problem.X.row(i) = problem.X.row(0);
      const auto [within, between] = plain_lfda(problem, 4, scaling);
      auto learned = [&](const std::string& type, const std::string& more = "") {
        return solve(fmt::format(R"({{"plugin": "lfda", "k": 4, "affinity": "{}",
                                     "embedding_type": "{}"{}}})",
                                 scaling ? "local_scaling" : "neighbors", type, more),
                     problem);
      };
      const Solution plain = learned("plain");
      CHECK(relative_difference(plain.L * within * plain.L.transpose(), Matrix::Identity(5, 5)) <
            1e-9);
      const Matrix ratio = plain.L * between * plain.L.transpose();
      const Vector values = ratio.diagonal();
      CHECK((ratio - Matrix(values.asDiagonal())).norm() < 1e-9 * ratio.norm());
      CHECK(std::is_sorted(values.data(), values.data() + 5, std::greater<>()));
      CHECK(plain.objective == doctest::Approx(values.sum()).epsilon(1e-9));
      CHECK(relative_difference(learned("weighted").L, values.cwiseSqrt().asDiagonal() * plain.L) <
            1e-9);
      const Matrix first = learned("plain", ", \"components\": 2").L;
      const Matrix orthonormal = learned("orthonormalized", ", \"components\": 2").L;
      CHECK(relative_difference(first, plain.L.topRows(2)) < 1e-9);
      CHECK(relative_difference(orthonormal * orthonormal.transpose(), Matrix::Identity(2, 2)) <
            1e-12);
      CHECK(relative_difference(first * orthonormal.transpose() * orthonormal, first) < 1e-9);
    }
}

TEST_CASE("LFDA with all of a class near is Fisher's analysis") {
  const SolverProblem problem = gaussian_classes(60, 5, 3, 1.5);
  const Solution lda = solve("\"lda\"", problem);
  const Solution lfda = solve(
      R"({"plugin": "lfda", "affinity": "neighbors", "k": 100, "embedding_type": "plain",
          "components": 2})",
      problem);
  // There S_w is divided by n − C.
  CHECK(relative_difference(std::sqrt(57.0) * lfda.L, lda.L) < 1e-9);
  CHECK(lfda.objective == doctest::Approx(lda.objective));
}

TEST_CASE("DMLMJ and LFDA agree with pyDML") {
  const auto reference = classical_reference();
  if (!reference) return;
  for (const std::string name : {"wine", "breast_cancer"}) {
    CAPTURE(name);
    const SolverProblem problem = reference_problem(*reference, name);
    // Of breast_cancer, where the determinant of S is small, it inverts 0.999 S + 0.001 I.
    const Matrix dmlmj = read_table(*reference / "metrics" / ("py_DMLMJ_" + name + "_M.csv"));
    const Matrix I = Matrix::Identity(problem.d(), problem.d());
    const Matrix S = metric(solve("\"dmlmj\"", problem)).inverse();
    const double part = name == "wine" ? 0 : 0.001;
    CHECK(relative_difference(((1 - part) * S + part * I).inverse(), dmlmj) < 1e-9);
    // Its LLDA adds 0.0005 to the diagonal of S_w.
    const Matrix llda = read_table(*reference / "metrics" / ("py_LLDA_" + name + "_M.csv"));
    const Matrix ours = metric(
        solve(R"({"plugin": "lfda", "affinity": "neighbors", "k": 1, "embedding_type": "plain"})",
              problem));
    CHECK(relative_difference((ours.inverse() + 0.0005 * I).inverse(), llda) < 1e-9);
  }
}

TEST_CASE("LFDA on digits, which has constant features") {
  const auto reference = classical_reference();
  if (!reference) return;
  const SolverProblem problem = reference_problem(*reference, "digits");
  const Solution solution = solve("\"lfda\"", problem);
  CHECK(solution.L.rows() == 61);
  CHECK(solution.L.allFinite());
  for (std::int64_t j = 0; j < 64; ++j)
    if (problem.X.col(j).maxCoeff() == problem.X.col(j).minCoeff())
      CHECK(solution.L.col(j) == Vector::Zero(61));
}

TEST_CASE("kernel discriminants are those of the kernel's features") {
  const SolverProblem problem = gaussian_classes(60, 4, 3, 1.5);
  const double part = 0.05;
  Matrix S = Matrix::Zero(4, 4), between = S;
  const Vector overall = mean(problem.X);
  for (const Indices& members : class_members(problem.y)) {
    const Matrix rows = problem.X(members, Eigen::all);
    const Vector m = mean(rows) - overall;
    S += 19 * covariance(rows) / 57;
    between += 20 * m * m.transpose() / 57;
  }
  S += part * S.trace() / 4 * Matrix::Identity(4, 4);
  const SymmetricEigen expected = generalized_eigen(between, RangeInverse(S), 2);
  const Solution solution =
      solve(R"({"plugin": "lda", "kernel": "linear", "regularization": 0.05})", problem);
  CHECK(solution.objective == doctest::Approx(expected.values.sum()).epsilon(1e-9));
  std::vector<double> values(problem.X.data(), problem.X.data() + problem.X.size());
  const Matrix Z = solution.model->embed(Examples({4}, std::move(values))).cast<double>();
  const Matrix plain = problem.X * expected.vectors.transpose();
  CHECK(relative_difference(squared_distances(Z, Z), squared_distances(plain, plain)) < 1e-5);
  // With a polynomial kernel a circle within a ring is a discriminant away.
  SolverProblem rings{.X = Matrix(80, 2), .random = Random(1)};
  for (std::int64_t i = 0; i < 80; ++i) {
    const double radius = i % 2 == 0 ? 1 : 2;
    rings.X.row(i) << radius * std::cos(0.3 * static_cast<double>(i)),
        radius * std::sin(0.3 * static_cast<double>(i));
    rings.y.push_back(static_cast<std::int32_t>(i % 2));
  }
  const Solution found =
      solve(R"({"plugin": "lda", "kernel": {"plugin": "polynomial", "degree": 2}})", rings);
  CHECK(found.objective > 100);
  CHECK(solve("\"lda\"", rings).objective < 1);
}

TEST_CASE("rotation, scale and order of the discriminants") {
  SolverProblem problem = gaussian_classes(60, 5, 3, 1.5);
  const Matrix rotation = random_rotation(5, 3);
  SolverProblem turned = problem, scaled = problem, reversed = problem;
  turned.X = problem.X * rotation.transpose();
  scaled.X *= 1e-6;
  reversed.X = problem.X.colwise().reverse();
  std::reverse(reversed.y.begin(), reversed.y.end());
  for (const std::string json :
       {R"("anmm")", R"("dmlmj")", R"("lfda")", R"({"plugin": "lfda", "affinity": "neighbors"})"}) {
    CAPTURE(json);
    const Matrix M = metric(solve(json, problem));
    CHECK(relative_difference(metric(solve(json, turned)), rotation * M * rotation.transpose()) <
          1e-8);
    CHECK(relative_difference(metric(solve(json, scaled)),
                              json == "\"anmm\"" ? M : Matrix(1e12 * M)) < 1e-8);
    CHECK(relative_difference(metric(solve(json, reversed)), M) < 1e-8);
  }
}

TEST_CASE("what the discriminants refuse") {
  SolverProblem problem = gaussian_classes(12, 3, 12, 1);
  CHECK_THROWS_WITH_AS(solve("\"lfda\"", problem),
                       "lfda needs a class with two examples that differ; here is none", Error);
  CHECK_THROWS_WITH_AS(solve("\"dmlmj\"", problem),
                       "dmlmj needs a class with two examples that differ; here is none", Error);
  problem = gaussian_classes(12, 3, 2, 1);
  problem.X.col(1).setConstant(4);
  for (const std::string name : {"lfda", "dmlmj"})
    CHECK_THROWS_AS(solve(fmt::format(R"({{"plugin": "{}", "components": 3}})", name), problem),
                    Error);
  CHECK_THROWS_WITH_AS(solve(R"({"plugin": "anmm", "components": 4})", problem),
                       "/components: 4 is above the greatest value 3 here, the number of features",
                       Error);
}

}  // namespace
