// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <metriclab/classical/graphical_lasso.hpp>
#include <metriclab/classical/separation.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

/// The mean over dissimilar pairs of the distance, for M scaled to a mean of 1 over similar pairs
/// of the squared one, pair by pair; and its gradient in M before scaling.
struct Plain {
  double value = 0;
  Matrix similar, gradient;  // mean of vvᵀ, mean of vvᵀ/(2d)
};
Plain plain(const SolverProblem& problem, const std::vector<LabelledPair>& pairs, Matrix M) {
  const std::int64_t d = problem.d();
  Plain is{.similar = Matrix::Zero(d, d), .gradient = Matrix::Zero(d, d)};
  double n_similar = 0, n_dissimilar = 0;
  for (const LabelledPair& pair : pairs)
    if (pair.similar) {
      const Vector v = problem.X.row(pair.first) - problem.X.row(pair.second);
      is.similar += v * v.transpose();
      ++n_similar;
    }
  is.similar /= n_similar;
  M /= is.similar.cwiseProduct(M).sum();
  for (const LabelledPair& pair : pairs)
    if (!pair.similar) {
      const Vector v = problem.X.row(pair.first) - problem.X.row(pair.second);
      const double distance = std::sqrt(v.dot(M * v));
      is.value += distance;
      is.gradient += v * v.transpose() / (2 * distance);
      ++n_dissimilar;
    }
  is.value /= n_dissimilar;
  is.gradient /= n_dissimilar;
  return is;
}

/// For a concave g of ⟨C, M⟩ ≤ 1: g* − g(M) ≤ max over feasible M' of ⟨∇g, M' − M⟩, which is the
/// largest eigenvalue of C⁻¹∇g less ⟨∇g, M⟩ = g/2.
double linear_gap(const Plain& is) {
  const Eigen::GeneralizedSelfAdjointEigenSolver<Eigen::MatrixXd> solver(
      Eigen::MatrixXd(is.gradient), Eigen::MatrixXd(is.similar), Eigen::EigenvaluesOnly);
  return solver.eigenvalues().maxCoeff() - is.value / 2;
}

std::vector<LabelledPair> all_pairs(const SolverProblem& problem) {
  std::vector<LabelledPair> pairs;
  for (std::int64_t i = 0; i < problem.n(); ++i)
    for (std::int64_t j = i + 1; j < problem.n(); ++j)
      pairs.push_back(
          {i, j, problem.y[static_cast<std::size_t>(i)] == problem.y[static_cast<std::size_t>(j)]});
  return pairs;
}

/// Pairs of the examples at 0 and at each of `similar` and `dissimilar`.
SolverProblem star(const Matrix& similar, const Matrix& dissimilar) {
  SolverProblem problem{.X = Matrix::Zero(1 + similar.rows() + dissimilar.rows(), similar.cols()),
                        .random = Random(1)};
  problem.X.middleRows(1, similar.rows()) = similar;
  problem.X.bottomRows(dissimilar.rows()) = dissimilar;
  for (std::int64_t i = 1; i < problem.n(); ++i)
    problem.pairs.push_back({0, i, i <= similar.rows()});
  return problem;
}

TEST_CASE("MMC and its diagonal have the optimum that a hand finds") {
  // C = diag(2, 1/2), dissimilar differences along the axes, of length a and b: maximise
  // (a√m₁ + b√m₂)/2 subject to 2m₁ + m₂/2 = 1, so that m₁/m₂ = (a/b)²·(1/4)².
  const double a = 3, b = 2;
  const SolverProblem problem = star(Matrix{{2, 0}, {0, 1}}, Matrix{{a, 0}, {0, b}});
  const double ratio = a * a / (b * b) / 16, m2 = 1 / (2 * ratio + 0.5);
  const Matrix expected{{ratio * m2, 0}, {0, m2}};
  for (const char* json : {R"({"plugin": "mmc", "tolerance": 1e-12})",
                           R"({"plugin": "mmc", "tolerance": 1e-12, "diagonal": true})"}) {
    const Solution solution = solve(json, problem);
    CHECK(relative_difference(metric(solution), expected) < 1e-5);
    CHECK(solution.objective ==
          doctest::Approx((a * std::sqrt(expected(0, 0)) + b * std::sqrt(expected(1, 1))) / 2));
    CHECK(solution.stopped == "converged");
  }
  // One dissimilar difference v: M = C⁻¹vvᵀC⁻¹ / vᵀC⁻¹v, of rank one.
  const SolverProblem one = star(Matrix{{2, 0}, {0, 1}}, Matrix{{1, 1}});
  const Vector w{{0.5, 2}};  // C⁻¹v
  CHECK(relative_difference(metric(solve(R"({"plugin": "mmc", "tolerance": 1e-12})", one)),
                            w * w.transpose() / w.sum()) < 1e-4);
}

TEST_CASE("MMC is within its tolerance of the greatest objective, as duality shows") {
  SolverProblem problem = gaussian_classes(60, 6, 3, 1);
  problem.pairs = all_pairs(problem);
  for (const double tolerance : {1e-3, 1e-7}) {
    const Solution solution = solve(
        R"({"plugin": "mmc", "regularization": 0, "tolerance": )" + std::to_string(tolerance) + "}",
        problem);
    const Plain is = plain(problem, problem.pairs, metric(solution));
    CHECK(solution.objective == doctest::Approx(is.value).epsilon(1e-9));
    // √(1 + 2x) − 1 ≤ tolerance for the linear gap x·g.
    CHECK(linear_gap(is) <= (tolerance + tolerance * tolerance / 2) * is.value * (1 + 1e-5) + 1e-9);
    CHECK(std::is_sorted(solution.objectives.begin(), solution.objectives.end()));
  }
  // The diagonal one: no other diagonal is better, by the same bound on the simplex.
  const Solution diagonal = solve(
      R"({"plugin": "mmc", "diagonal": true, "regularization": 0, "tolerance": 1e-9})", problem);
  const Matrix M = metric(diagonal);
  CHECK(M.isDiagonal(0));
  const Plain is = plain(problem, problem.pairs, M);
  CHECK(diagonal.objective == doctest::Approx(is.value).epsilon(1e-9));
  CHECK((is.gradient.diagonal().array() / is.similar.diagonal().array()).maxCoeff() <=
        is.value / 2 * (1 + 1e-7));
  CHECK(std::is_sorted(diagonal.objectives.begin(), diagonal.objectives.end()));
}

TEST_CASE("LSI is MMC of all pairs of the labels") {
  for (const std::int64_t n_classes : {2, 7}) {
    SolverProblem problem = gaussian_classes(160, 5, n_classes, 1);
    const Solution lsi = solve(R"({"plugin": "lsi", "tolerance": 1e-10})", problem);
    problem.pairs = all_pairs(problem);
    const Solution mmc = solve(R"({"plugin": "mmc", "tolerance": 1e-10})", problem);
    CHECK(lsi.objective == doctest::Approx(mmc.objective).epsilon(1e-9));
    CHECK(relative_difference(metric(lsi), metric(mmc)) < 1e-4);
    CHECK(linear_gap(plain(problem, problem.pairs, metric(lsi))) < 1e-6);
  }
}

TEST_CASE("MMC follows a linear transformation of its input") {
  SolverProblem problem = gaussian_classes(50, 4, 2, 1);
  problem.pairs = all_pairs(problem);
  const char* json = R"({"plugin": "mmc", "regularization": 0, "tolerance": 1e-12})";
  const Matrix M = metric(solve(json, problem));
  Matrix A = random_rotation(4, 3) * Vector{{1e4, 1, 10, 1e-3}}.asDiagonal();
  problem.X = problem.X * A;
  // ‖x − y‖²_M = ‖xA − yA‖² under A⁻¹MA⁻ᵀ.
  CHECK(relative_difference(A * metric(solve(json, problem)) * A.transpose(), M) < 1e-4);
}

TEST_CASE("MMC says where dissimilar pairs have no bound") {
  const SolverProblem problem = star(Matrix{{1, 0}}, Matrix{{1, 1}, {2, 3}});
  for (const char* json : {R"({"plugin": "mmc", "regularization": 0})",
                           R"({"plugin": "mmc", "regularization": 0, "diagonal": true})"})
    CHECK_THROWS_WITH_AS(solve(json, problem), doctest::Contains("regularization"), Error);
  CHECK(metric(solve(R"("mmc")", problem)).allFinite());
  CHECK_THROWS_WITH_AS(solve(R"({"plugin": "mmc", "diagonal": true, "kernel": "rbf"})",
                             gaussian_classes(20, 2, 2, 1)),
                       doctest::Contains("kernel"), Error);
  SolverProblem similar_only = problem;
  similar_only.pairs.resize(1);
  CHECK_THROWS_WITH_AS(solve(R"("mmc")", similar_only), doctest::Contains("dissimilar"), Error);
}

TEST_CASE("MMC betters metric-learn's on the same pairs, and solves breast_cancer") {
  const auto reference = classical_reference();
  if (!reference) return;
  for (const std::string name : {"wine", "breast_cancer"}) {
    SolverProblem problem = reference_problem(*reference, name);
    const Matrix table = read_table(*reference / "constraints" / (name + "_pairs.csv"));
    for (Eigen::Index k = 0; k < table.rows(); ++k)
      problem.pairs.push_back({static_cast<std::int64_t>(table(k, 0)),
                               static_cast<std::int64_t>(table(k, 1)), table(k, 2) > 0});
    for (const bool diagonal : {false, true}) {
      const Solution ours =
          solve(diagonal ? R"({"plugin": "mmc", "diagonal": true})" : R"("mmc")", problem);
      const Matrix theirs = read_table(*reference / "metrics" /
                                       ((diagonal ? "ml_MMC_diag_" : "ml_MMC_") + name + "_M.csv"));
      CHECK(plain(problem, problem.pairs, metric(ours)).value >=
            plain(problem, problem.pairs, theirs).value);
      if (!diagonal) {
        const Plain is = plain(problem, problem.pairs, metric(ours));
        CHECK(linear_gap(is) < 2e-5 * is.value);
      }
    }
  }
}

double lasso(const Matrix& P, double lambda, const Matrix& M) {
  return P.cwiseProduct(M).sum() - std::log(M.determinant()) +
         lambda * (M.cwiseAbs().sum() - M.diagonal().cwiseAbs().sum());
}

TEST_CASE("the graphical lasso meets its conditions of optimality") {
  const std::int64_t d = 12;
  Random random(4);
  const Matrix A = Matrix::NullaryExpr(20, d, [&] { return random.normal(); });
  const Matrix P = A.transpose() * A / 20 + 0.05 * Matrix::Identity(d, d);
  for (const double lambda : {0.0, 0.01, 0.1, 0.3, 10.0}) {
    const GraphicalLasso found =
        graphical_lasso(P, lambda, {.max_iterations = 200, .tolerance = 1e-11});
    CHECK(found.stopped == "converged");
    CHECK(found.value == doctest::Approx(lasso(P, lambda, found.M)));
    CHECK(std::is_sorted(found.values.rbegin(), found.values.rend()));
    const Matrix slope = P - found.M.inverse();  // and ±λ where an entry isn't 0
    for (Eigen::Index i = 0; i < d; ++i)
      for (Eigen::Index j = 0; j < d; ++j) {
        if (i == j)
          CHECK(std::abs(slope(i, j)) < 1e-4);
        else if (found.M(i, j) == 0)
          CHECK(std::abs(slope(i, j)) <= lambda + 1e-4);
        else
          CHECK(std::abs(slope(i, j) + std::copysign(lambda, found.M(i, j))) < 1e-4);
      }
    if (lambda == 0) CHECK(relative_difference(found.M, P.inverse()) < 1e-8);
    if (lambda == 10)
      CHECK(relative_difference(found.M, P.diagonal().cwiseInverse().asDiagonal().toDenseMatrix()) <
            1e-8);
  }
  // Two features: the off-diagonal entry of M⁻¹ is P's, λ nearer to 0.
  const GraphicalLasso two =
      graphical_lasso(Matrix{{2, 0.5}, {0.5, 1}}, 0.2, {.max_iterations = 100, .tolerance = 1e-13});
  CHECK(relative_difference(two.M.inverse(), Matrix{{2, 0.3}, {0.3, 1}}) < 1e-6);
}

TEST_CASE("SDML is the graphical lasso of its pairs, and bounded where there is no minimum") {
  // One similar difference along each axis: P = diag(1 + η·4, 1 + η·1), M its inverse.
  SolverProblem problem = star(Matrix{{2, 0}, {0, 1}}, Matrix(0, 2));
  CHECK(relative_difference(metric(solve(R"({"plugin": "sdml", "balance_param": 0.25})", problem)),
                            Matrix{{0.5, 0}, {0, 0.8}}) < 1e-8);
  // A dissimilar one that outweighs the prior: least_eigenvalue in its direction.
  problem = star(Matrix{{0, 1}}, Matrix{{4, 0}});
  CHECK(relative_difference(
            metric(solve(R"({"plugin": "sdml", "balance_param": 1, "least_eigenvalue": 0.01})",
                         problem)),
            Matrix{{100, 0}, {0, 0.5}}) < 1e-8);
}

TEST_CASE("SDML converges on wine as metric-learn's does, and is sound with the defaults") {
  const auto reference = classical_reference();
  if (!reference) return;
  SolverProblem problem = reference_problem(*reference, "wine");
  const Matrix table = read_table(*reference / "constraints" / "wine_pairs.csv");
  for (Eigen::Index k = 0; k < table.rows(); ++k)
    problem.pairs.push_back({static_cast<std::int64_t>(table(k, 0)),
                             static_cast<std::int64_t>(table(k, 1)), table(k, 2) > 0});
  CHECK(solve(R"({"plugin": "sdml", "balance_param": 1e-4, "prior": "covariance"})", problem)
            .stopped == "converged");
  // Dissimilar pairs outweigh the prior, where metric-learn's fails.
  const Solution solution = solve(R"("sdml")", problem);
  CHECK(metric(solution).allFinite());
  CHECK(std::is_sorted(solution.objectives.rbegin(), solution.objectives.rend()));
}

}  // namespace
