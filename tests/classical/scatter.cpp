// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <cmath>
#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/classical/scatter.hpp>
#include <metriclab/classical/supervision.hpp>
#include <numeric>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

const auto kOne = [](std::int64_t) { return 1.0; };

/// Σ over the groups of the centred outer products, example by example.
Matrix plain_within(const Matrix& X, const std::vector<Indices>& groups) {
  Matrix sum = Matrix::Zero(X.cols(), X.cols());
  for (const Indices& group : groups) {
    const Eigen::RowVectorXd m = X(group, Eigen::all).colwise().mean();
    for (const std::int64_t i : group) sum += (X.row(i) - m).transpose() * (X.row(i) - m);
  }
  return sum;
}

/// Chunks of `size` examples of one class each, one after the other, of gaussian_classes.
SolverProblem chunked(std::int64_t n, std::int64_t d, std::int64_t n_classes, double spread,
                      std::int64_t size) {
  SolverProblem problem = gaussian_classes(n, d, n_classes, spread);
  for (std::int64_t i = 0; i < n; ++i)
    problem.chunks.push_back(i / (n_classes * size) * n_classes + i % n_classes);
  return problem;
}

std::vector<Indices> chunks_of(const SolverProblem& problem) {
  return require_chunks(problem, 1, 2, "test");
}

/// C_w of the chunks, per example.
Matrix within_chunks(const SolverProblem& problem) {
  const std::vector<Indices> chunks = chunks_of(problem);
  double p = 0;
  for (const Indices& chunk : chunks) p += static_cast<double>(chunk.size());
  return plain_within(problem.X, chunks) / p;
}

Matrix power(const Matrix& A, double exponent) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(A);
  return eigen.eigenvectors() * eigen.eigenvalues().array().pow(exponent).matrix().asDiagonal() *
         eigen.eigenvectors().transpose();
}

/// Mean of the outer products of the given pairs of a kind.
Matrix pair_mean(const SolverProblem& problem, bool similar) {
  Matrix sum = Matrix::Zero(problem.d(), problem.d());
  double count = 0;
  for (const LabelledPair& pair : problem.pairs) {
    if (pair.similar != similar) continue;
    const Vector v = (problem.X.row(pair.first) - problem.X.row(pair.second)).transpose();
    sum += v * v.transpose();
    ++count;
  }
  return sum / count;
}

SolverProblem paired(std::int64_t n, std::int64_t d) {
  SolverProblem problem = gaussian_classes(n, d, 3, 1.5);
  problem.pairs = draw_pairs(class_members(problem.y), 2 * n, Random(3));
  return problem;
}

double nca_p(const Matrix& Z, const std::vector<std::int32_t>& y) {
  const Matrix distances = squared_distances(Z, Z);
  double sum = 0;
  for (Eigen::Index i = 0; i < Z.rows(); ++i) {
    double nearest = std::numeric_limits<double>::infinity(), all = 0, own = 0;
    for (Eigen::Index j = 0; j < Z.rows(); ++j)
      if (j != i) nearest = std::min(nearest, distances(i, j));
    for (Eigen::Index j = 0; j < Z.rows(); ++j) {
      if (j == i) continue;
      const double weight = std::exp(nearest - distances(i, j));
      all += weight;
      if (y[static_cast<std::size_t>(j)] == y[static_cast<std::size_t>(i)]) own += weight;
    }
    sum += own / all;
  }
  return sum / static_cast<double>(Z.rows());
}

TEST_CASE("scatter of groups above and below a block, far from the origin, as read from floats") {
  // Of 7003 examples one group has 5000, which are three blocks, and the others 1, 2 and 2000.
  constexpr std::int64_t n = 7003;
  Random random(5);
  std::vector<float> values;
  for (std::int64_t i = 0; i < 3 * n; ++i)
    values.push_back(static_cast<float>(random.normal() + (i % 3 == 0 ? 1000 : 0)));
  const Examples examples({3}, values);
  const SolverProblem held{.X = examples.as_double(), .random = Random(1)};
  const SolverProblem read{.X = {}, .examples = &examples, .random = Random(1)};
  std::vector<Indices> groups(4);
  for (std::int64_t i = 0; i < n; ++i)
    groups[i % 7 < 5 && i / 7 < 1000 ? 0 : i < 7000 ? 3 : i == 7000 ? 1 : 2].push_back(i);
  REQUIRE(groups[0].size() == 5000);
  Matrix weighted = Matrix::Zero(3, 3);
  for (const Indices& group : groups)
    weighted += static_cast<double>(group.size()) * plain_within(held.X, {group});
  for (const SolverProblem* problem : {&held, &read}) {
    const GroupScatter scatter = scatter_within(
        *problem, groups, {kOne, [](std::int64_t size) { return static_cast<double>(size); }});
    CHECK(relative_difference(scatter.sums[0], plain_within(held.X, groups)) < 1e-12);
    CHECK(relative_difference(scatter.sums[1], weighted) < 1e-12);
    for (std::size_t g = 0; g < groups.size(); ++g)
      CHECK(relative_difference(scatter.means.row(static_cast<std::int64_t>(g)),
                                held.X(groups[g], Eigen::all).colwise().mean()) < 1e-14);
  }
  // Within and between are the whole: Huygens' theorem.
  const GroupScatter scatter = scatter_within(read, groups, {kOne});
  const Vector sizes{{5000, 1, 2, 2000}};
  Indices all(n);
  std::iota(all.begin(), all.end(), std::int64_t{0});
  CHECK(relative_difference(scatter.sums[0] + scatter_between(scatter.means, sizes),
                            plain_within(held.X, {all})) < 1e-12);
}

TEST_CASE("solvers that read blocks find what they find in memory") {
  const SolverProblem held = gaussian_classes(90, 4, 3, 1.5);
  const Examples examples({4}, std::vector<double>(held.X.data(), held.X.data() + held.X.size()));
  SolverProblem read = held;
  read.X.resize(0, 0);
  read.examples = &examples;
  for (const std::string name : {"rca", "gmml", "kissme", "xqda", "pca", "lda", "dca", "rvml",
                                 "lego", "pola", "stochastic_lmnn"}) {
    CAPTURE(name);
    REQUIRE(make_solver("\"" + name + "\"")->reads_blocks());
    CHECK(solve("\"" + name + "\"", read).L == solve("\"" + name + "\"", held).L);
  }
}

TEST_CASE("RCA of two chunks by hand") {
  // Within the chunks the deviations are ±(1, 0) and ±(0, 2), of 4 examples.
  SolverProblem problem{.X = Matrix{{0, 0}, {2, 0}, {5, 5}, {5, 9}, {100, -100}},
                        .random = Random(1)};
  problem.chunks = {4, 4, 0, 0, -1};
  const Solution solution = solve("\"rca\"", problem);
  const Matrix C{{0.5, 0}, {0, 2}};
  CHECK(relative_difference(metric(solution), C.inverse()) < 1e-14);
  CHECK(solution.objective == doctest::Approx(2));
  // Shrunk by a half: C/2 + 1/2·(2.5/2)·I.
  const Matrix shrunk{{0.25 + 0.625, 0}, {0, 1 + 0.625}};
  CHECK(relative_difference(metric(solve(R"({"plugin": "rca", "shrinkage": 0.5})", problem)),
                            shrunk.inverse()) < 1e-14);
}

TEST_CASE(
    "RCA inverts the covariance within chunks, and with components keeps the discriminative") {
  const SolverProblem problem = chunked(60, 5, 3, 2, 2);
  const Matrix C = within_chunks(problem);
  CHECK(relative_difference(metric(solve("\"rca\"", problem)) * C, Matrix::Identity(5, 5)) < 1e-12);
  const Eigen::GeneralizedSelfAdjointEigenSolver<Eigen::MatrixXd> eigen(covariance(problem.X), C);
  const Matrix W = eigen.eigenvectors().rightCols(2);
  const Solution two = solve(R"({"plugin": "rca", "components": 2})", problem);
  CHECK(two.L.rows() == 2);
  CHECK(relative_difference(metric(two), W * W.transpose()) < 1e-10);
}

TEST_CASE("RCA where units differ, and where the covariance within chunks is singular") {
  const SolverProblem problem = chunked(60, 4, 3, 2, 2);
  const Matrix M = metric(solve("\"rca\"", problem));
  SolverProblem units = problem;
  const Vector scales{{1e8, 1, 1e-8, 5}};
  units.X = problem.X * scales.asDiagonal();
  // Affinely equivariant, so distances stay as they are.
  const Matrix back = scales.asDiagonal() * metric(solve("\"rca\"", units)) * scales.asDiagonal();
  CHECK(relative_difference(back, M) < 1e-10);

  SolverProblem wider = problem;
  wider.X.conservativeResize(60, 6);
  wider.X.col(4).setConstant(0.1);
  wider.X.col(5) = problem.X.col(0) - 2 * problem.X.col(1);
  const Solution wide = solve("\"rca\"", wider);
  CHECK(wide.L.rows() == 4);
  CHECK(wide.L.col(4).norm() < 1e-12);
  const Matrix Z = wider.X * wide.L.transpose(),
               plain = problem.X * solve("\"rca\"", problem).L.transpose();
  CHECK(relative_difference(squared_distances(Z, Z), squared_distances(plain, plain)) < 1e-9);

  // Three chunks of two examples scatter in three directions at most.
  SolverProblem few = gaussian_classes(6, 9, 3, 2);
  few.chunks = {0, 1, 2, 0, 1, 2};
  const Solution thin = solve("\"rca\"", few);
  CHECK(thin.L.rows() == 3);
  CHECK(relative_difference(thin.L * within_chunks(few) * thin.L.transpose(),
                            Matrix::Identity(3, 3)) < 1e-10);
  for (std::int64_t i = 0; i < 3; ++i) few.X.row(i + 3) = few.X.row(i);
  CHECK_THROWS_WITH_AS(
      solve("\"rca\"", few),
      "rca needs chunks of examples that differ; the examples of each chunk are equal", Error);
}

TEST_CASE("RCA of metric-learn's chunks is as good as metric-learn's") {
  const auto reference = classical_reference();
  if (!reference) return;
  // peers.csv, rows RCA, column nca_p.
  for (const auto& [name, expected] :
       {std::pair("breast_cancer", 0.922447), std::pair("syn500", 0.631727)}) {
    CAPTURE(name);
    SolverProblem problem = reference_problem(*reference, name);
    const Matrix chunks =
        read_table(*reference / "constraints" / fmt::format("{}_chunks.csv", name));
    for (Eigen::Index i = 0; i < chunks.rows(); ++i)
      problem.chunks.push_back(static_cast<std::int64_t>(chunks(i, 0)));
    const Matrix Z = problem.X * solve("\"rca\"", problem).L.transpose();
    CHECK(nca_p(Z, problem.y) == doctest::Approx(expected).epsilon(2e-6));
  }
  // There metric-learn asks for more chunks than wine has, and fails on the constant pixels of
  // digits.
  CHECK(solve("\"rca\"", reference_problem(*reference, "wine")).L.rows() == 13);
  const SolverProblem digits = reference_problem(*reference, "digits");
  const Solution solution = solve("\"rca\"", digits);
  CHECK(solution.L.allFinite());
  for (Eigen::Index j = 0; j < 64; ++j)
    if (digits.X.col(j).maxCoeff() == digits.X.col(j).minCoeff())
      CHECK(solution.L.col(j).norm() == 0);
}

TEST_CASE("GMML is the geometric mean, on all of its geodesic") {
  const SolverProblem problem = paired(60, 5);
  const Matrix S = pair_mean(problem, true), D = pair_mean(problem, false);
  auto learned = [&](const std::string& more) {
    return metric(solve(R"({"plugin": "gmml", "regularization": 0)" + more + "}", problem));
  };
  const Matrix M = learned("");
  CHECK(relative_difference(M * S * M, D) < 1e-11);  // Riccati
  CHECK(relative_difference(learned(R"(, "geodesic_step": 0)"), S.inverse()) < 1e-11);
  CHECK(relative_difference(learned(R"(, "geodesic_step": 1)"), D) < 1e-11);
  const Matrix root = power(S, 0.5);
  const Matrix expected = power(S, -0.5) * power(root * D * root, 0.3) * power(S, -0.5);
  CHECK(relative_difference(learned(R"(, "geodesic_step": 0.3)"), expected) < 1e-11);

  // tr(MS) + tr(M⁻¹D) is least.
  auto value = [&](const Matrix& A) { return (A * S).trace() + (A.inverse() * D).trace(); };
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Matrix Q = random_rotation(5, seed);
    const Matrix step = 1e-3 * M.trace() * (Q + Q.transpose());
    CHECK(value(M + step) > value(M));
  }

  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(M);
  const Matrix kept = eigen.eigenvectors().rightCols(2) * eigen.eigenvalues().tail(2).asDiagonal() *
                      eigen.eigenvectors().rightCols(2).transpose();
  CHECK(relative_difference(learned(R"(, "components": 2)"), kept) < 1e-10);
}

TEST_CASE("GMML with priors, and its objective") {
  const SolverProblem problem = paired(60, 4);
  const Matrix S = pair_mean(problem, true), D = pair_mean(problem, false);
  const double weight = 0.1 * (S.trace() + D.trace()) / 8;
  const Matrix C = covariance(problem.X);
  const Matrix prior = 4 / C.inverse().trace() * C.inverse();
  for (const auto& [name, M0] :
       {std::pair("identity", Matrix(Matrix::Identity(4, 4))), std::pair("covariance", prior)}) {
    CAPTURE(name);
    const Solution solution =
        solve(fmt::format(R"({{"plugin": "gmml", "regularization": 0.1, "prior": "{}"}})", name),
              problem);
    const Matrix M = metric(solution), A = S + weight * M0.inverse(), B = D + weight * M0;
    CHECK(relative_difference(M * A * M, B) < 1e-11);
    // ½δ²(M, A⁻¹) + ½δ²(M, B)
    auto distance = [](const Matrix& P, const Matrix& Q) {
      return Eigen::GeneralizedSelfAdjointEigenSolver<Eigen::MatrixXd>(P, Q)
          .eigenvalues()
          .array()
          .log()
          .square()
          .sum();
    };
    CHECK(solution.objective ==
          doctest::Approx((distance(M, A.inverse()) + distance(M, B)) / 2).epsilon(1e-10));
  }
}

TEST_CASE("GMML's components are M's leading eigenvectors, also of fewer examples than features") {
  const SolverProblem problem = gaussian_classes(24, 40, 3, 1.5);
  const Solution whole = solve(R"("gmml")", problem),
                 few = solve(R"({"plugin": "gmml", "components": 5})", problem);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> M(metric(whole));
  REQUIRE(M.eigenvalues()[35] > 1.1);  // outside the span of the examples they are 1
  const Eigen::MatrixXd V = M.eigenvectors().rightCols(5);
  CHECK(few.L.rows() == 5);
  CHECK(relative_difference(metric(few), V * M.eigenvalues().tail(5).asDiagonal() * V.transpose()) <
        1e-6);
  CHECK(few.objective == doctest::Approx(whole.objective).epsilon(1e-5));  // rounding of the least
}

TEST_CASE("GMML of one similar and one dissimilar pair along one direction") {
  // S = s·u uᵀ + λσ·I and D = t·u uᵀ + λσ·I: M is √((t + λσ)/(s + λσ)) along u and 1 across.
  constexpr std::int64_t d = 40;
  SolverProblem problem{.X = Matrix::Zero(3, d), .random = Random(1)};
  const Vector u = random_rotation(d, 4).row(0);
  problem.X.row(1) = u;
  problem.X.row(2) = 10 * u;
  problem.pairs = {{0, 1, true}, {0, 2, false}};
  for (const double lambda : {1e-6, 1e-9}) {
    CAPTURE(lambda);
    const Solution solution =
        solve(fmt::format(R"({{"plugin": "gmml", "regularization": {}}})", lambda), problem);
    const double ridge = lambda * (1 + 100) / (2.0 * d);
    const Matrix expected =
        Matrix::Identity(d, d) + (std::sqrt((100 + ridge) / (1 + ridge)) - 1) * u * u.transpose();
    CHECK(relative_difference(metric(solution), expected) < 1e-5);
    CHECK(std::isfinite(solution.objective));
  }
  CHECK_THROWS_WITH_AS(solve(R"({"plugin": "gmml", "regularization": 0})", problem),
                       "/regularization: 0 leaves the scatter of the similar pairs singular; give "
                       "more pairs or a larger value",
                       Error);
}

}  // namespace
