// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/classical/class_mean_objective.hpp>
#include <metriclab/classical/mcml_objective.hpp>
#include <metriclab/classical/mlkr_objective.hpp>
#include <metriclab/neighbors/k_means.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

/// Kernel regression's leave-one-out error as it is written.
double plain_mlkr(const Matrix& X, const Vector& y, const Matrix& L) {
  double sum = 0;
  for (Eigen::Index i = 0; i < X.rows(); ++i) {
    Vector distance(X.rows());
    for (Eigen::Index j = 0; j < X.rows(); ++j)
      distance[j] = j == i ? std::numeric_limits<double>::infinity()
                           : (L * (X.row(i) - X.row(j)).transpose()).squaredNorm();
    const Vector k = (distance.minCoeff() - distance.array()).exp();
    sum += std::pow(y[i] - k.dot(y) / k.sum(), 2);
  }
  return sum;
}

/// The mean log-likelihood of the classes as it is written.
double plain_class_means(const SolverProblem& problem, const Matrix& centroids,
                         const std::vector<std::int32_t>& classes, const Matrix& L) {
  double sum = 0;
  for (std::int64_t i = 0; i < problem.n(); ++i) {
    double all = 0, own = 0;
    for (Eigen::Index j = 0; j < centroids.rows(); ++j) {
      const double q =
          std::exp(-0.5 * (L * (problem.X.row(i) - centroids.row(j)).transpose()).squaredNorm());
      all += q;
      if (classes[static_cast<std::size_t>(j)] == problem.y[static_cast<std::size_t>(i)]) own += q;
    }
    sum += std::log(own / all);
  }
  return sum / static_cast<double>(problem.n());
}

/// Value and derivative along one direction, for maps to r dimensions of these scales; the
/// tolerances are relative.
void check_mlkr(const SolverProblem& problem, std::int64_t r, const std::vector<double>& scales,
                double value_tolerance, double derivative_tolerance) {
  const Vector y = problem.X.col(0) + 0.5 * problem.X.col(1).cwiseAbs2();
  MlkrObjective objective(problem.X, y);
  const Matrix direction = random_matrix(r, problem.d(), 1, 2);
  for (double scale : scales) {
    CAPTURE(scale);
    const Matrix L = random_matrix(r, problem.d(), scale, 1);
    Matrix gradient;
    CHECK(objective(L, gradient) ==
          doctest::Approx(plain_mlkr(problem.X, y, L)).epsilon(value_tolerance));
    const double h = 1e-6 * scale;
    const double numeric = (plain_mlkr(problem.X, y, L + h * direction) -
                            plain_mlkr(problem.X, y, L - h * direction)) /
                           (2 * h);
    const double error = std::abs(gradient.cwiseProduct(direction).sum() - numeric);
    CHECK(error <= derivative_tolerance * std::abs(numeric));
  }
}

TEST_CASE("MLKR's objective equals the plain sum, and its gradient finite differences") {
  check_mlkr(gaussian_classes(90, 5, 3, 1), 3, {0.05, 0.5, 3.0}, 1e-9, 1e-5);
}

TEST_CASE("MLKR's objective in single precision comes near the plain sum, few pairs or all") {
  check_mlkr(gaussian_classes(640, 6, 4, 1.0), 5, {0.05, 0.3, 1.0, 4.0}, 1e-6, 1e-4);
}

TEST_CASE("MLKR finds the direction that its targets vary along") {
  SolverProblem problem = gaussian_classes(150, 4, 2, 0);
  problem.y.clear();
  problem.targets = (problem.X.col(2) * 1.5).array().sin();
  const Solution solution = solve(R"({"plugin": "mlkr"})", problem);
  const Matrix M = metric(solution);
  CHECK(M(2, 2) > 20 * std::max({M(0, 0), M(1, 1), M(3, 3)}));
  CHECK(std::is_sorted(solution.objectives.rbegin(), solution.objectives.rend()));
  CHECK(solution.objective ==
        doctest::Approx(plain_mlkr(problem.X, problem.targets, solution.L)).epsilon(1e-8));
  problem.targets.setConstant(3);
  CHECK(solve(R"({"plugin": "mlkr"})", problem).objective == doctest::Approx(0));
}

TEST_CASE("the likelihood of classes equals the plain mean, and its gradient finite differences") {
  const SolverProblem problem = gaussian_classes(60, 4, 3, 1);
  const Matrix centroids = random_matrix(5, 4, 1.5, 3), direction = random_matrix(2, 4, 1, 5);
  const std::vector<std::int32_t> classes = {0, 0, 1, 2, 2};
  const ClassMeanObjective objective(problem.X, problem.y, centroids, classes);
  for (double scale : {0.1, 0.6}) {
    const Matrix L = random_matrix(2, 4, scale, 4);
    Matrix gradient;
    CHECK(objective(L, gradient) ==
          doctest::Approx(plain_class_means(problem, centroids, classes, L)).epsilon(1e-10));
    const double h = 1e-6;
    const double numeric = (plain_class_means(problem, centroids, classes, L + h * direction) -
                            plain_class_means(problem, centroids, classes, L - h * direction)) /
                           (2 * h);
    CHECK(gradient.cwiseProduct(direction).sum() == doctest::Approx(numeric).epsilon(1e-5));
  }
}

TEST_CASE("NCMML of two classes on a line by hand") {
  // Means 0 and 4, deviations from them ±s: the log-odds of either class are linear in x, with
  // slope 4m (m = L²), so the optimum is where Σ (1 − p)·(x − 2)·sign = 0; with x − 2 = −2 ± s that
  // is (2 − s)·σ(4m(s − 2)) + (2 + s)·σ(−4m(2 + s)) = 0. For s = 3 one example of each class is on
  // the wrong side.
  SolverProblem problem{.X = Matrix{{-3}, {3}, {1}, {7}}, .y = {0, 0, 1, 1}, .random = Random(1)};
  const double m = metric(solve(R"({"plugin": "ncmml", "tolerance": 1e-14})", problem))(0, 0);
  auto sigmoid = [](double t) { return 1 / (1 + std::exp(-t)); };
  CHECK(-1 * sigmoid(4 * m) + 5 * sigmoid(-20 * m) == doctest::Approx(0).epsilon(1e-6));
}

TEST_CASE("NCMC with one centroid a class is NCMML, and rises with more where classes are split") {
  SolverProblem problem = gaussian_classes(80, 3, 2, 1);
  const Solution one = solve(R"({"plugin": "ncmc", "centroids": 1})", problem);
  const Solution means = solve(R"({"plugin": "ncmml"})", problem);
  CHECK(relative_difference(metric(one), metric(means)) < 1e-6);
  // The exclusive or of two signs: the means coincide nearly, two centroids a class don't.
  for (std::int64_t i = 0; i < 80; ++i) {
    const double a = i % 4 < 2 ? 3 : -3, b = i % 2 == 0 ? 3 : -3;
    problem.X(i, 0) = 0.3 * problem.X(i, 0) + a;
    problem.X(i, 1) = 0.3 * problem.X(i, 1) + b;
    problem.y[static_cast<std::size_t>(i)] = a * b > 0 ? 1 : 0;
  }
  CHECK(solve(R"({"plugin": "ncmc", "centroids": 2})", problem).objective > -0.01);
  CHECK(solve(R"({"plugin": "ncmml"})", problem).objective < -0.3);
}

/// The divergence as it is written, up to the constant log of the class sizes.
double plain_mcml(const SolverProblem& problem, const Matrix& L) {
  double sum = 0, counted = 0;
  for (std::int64_t i = 0; i < problem.n(); ++i) {
    double near = 0, same = 0, all = 0;
    for (std::int64_t j = 0; j < problem.n(); ++j) {
      if (j == i) continue;
      const double d = (L * (problem.X.row(i) - problem.X.row(j)).transpose()).squaredNorm();
      all += std::exp(-d);
      if (problem.y[static_cast<std::size_t>(i)] != problem.y[static_cast<std::size_t>(j)])
        continue;
      near += d;
      ++same;
    }
    if (same == 0) continue;
    sum += near / same + std::log(all);
    ++counted;
  }
  return sum / counted;
}

TEST_CASE("MCML's objective equals the plain mean, and its gradient finite differences") {
  SolverProblem problem = gaussian_classes(70, 5, 3, 0.7);
  problem.y[4] = 3;  // alone in its class
  const McmlObjective objective(problem.X, problem.y);
  const Matrix direction = random_matrix(3, 5, 1, 8);
  for (double scale : {0.05, 0.4}) {
    const Matrix L = random_matrix(3, 5, scale, 7);
    Matrix gradient;
    CHECK(objective(L, gradient) == doctest::Approx(plain_mcml(problem, L)).epsilon(1e-11));
    const double h = 1e-6;
    const double numeric =
        (plain_mcml(problem, L + h * direction) - plain_mcml(problem, L - h * direction)) / (2 * h);
    CHECK(gradient.cwiseProduct(direction).sum() == doctest::Approx(numeric).epsilon(1e-5));
  }
}

TEST_CASE("MCML is convex in M: every start comes to the same metric, which is least") {
  const SolverProblem problem = gaussian_classes(90, 4, 3, 0.6);
  const std::string rest = R"(, "tolerance": 1e-13, "max_iterations": 3000})";
  const Solution first = solve(R"({"plugin": "mcml")" + rest, problem);
  CHECK(std::is_sorted(first.objectives.rbegin(), first.objectives.rend()));
  for (const std::string init : {"random", "pca"})
    CHECK(relative_difference(
              metric(solve(R"({"plugin": "mcml", "init": ")" + init + "\"" + rest, problem)),
              metric(first)) < 1e-3);
  // Optimality: with G = ∂f/∂M, no direction of a PSD cone lowers f: L·G = 0 and G is PSD.
  const McmlObjective objective(problem.X, problem.y);
  Matrix gradient;
  objective(first.L, gradient);
  CHECK(gradient.norm() < 1e-4);
  for (std::uint64_t k = 0; k < 20; ++k) {
    Matrix larger(5, 4), unused;
    larger << first.L, random_matrix(1, 4, 0.05, 50 + k);
    CHECK(objective(larger, unused) > first.objective - 1e-7);
  }
}

TEST_CASE("k-means: separate groups, and no more clusters than different rows") {
  const SolverProblem problem = gaussian_classes(90, 3, 3, 20);
  const Clusters found = k_means(problem.X, 3, 3, 100, Random(1));
  double spread = 0;
  for (std::int64_t i = 0; i < 90; ++i) {
    const auto at = static_cast<std::size_t>(i);
    for (std::int64_t j = 0; j < i; ++j)
      CHECK((found.cluster[at] == found.cluster[static_cast<std::size_t>(j)]) ==
            (problem.y[at] == problem.y[static_cast<std::size_t>(j)]));
    spread += (problem.X.row(i) - found.centres.row(found.cluster[at])).squaredNorm();
  }
  CHECK(found.spread == doctest::Approx(spread));
  CHECK(k_means(Matrix::Ones(5, 2), 3, 2, 10, Random(1)).centres.rows() == 1);
}

}  // namespace
