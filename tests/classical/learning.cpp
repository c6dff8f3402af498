// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/classical/lbfgs.hpp>
#include <metriclab/classical/lmnn_objective.hpp>
#include <metriclab/classical/nca_objective.hpp>
#include <numeric>
#include <utility>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

double distance(const SolverProblem& problem, const Matrix& L, std::int64_t a, std::int64_t b) {
  return (L * (problem.X.row(a) - problem.X.row(b)).transpose()).squaredNorm();
}

/// The objective as it is written, triplet by triplet.
double plain_lmnn(const SolverProblem& problem, const Matrix& L, std::int64_t n_neighbors,
                  double mu) {
  const std::int64_t n = problem.n();
  const Matrix I = Matrix::Identity(problem.d(), problem.d());
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    Indices same;
    for (std::int64_t j = 0; j < n; ++j)
      if (j != i && problem.y[j] == problem.y[i]) same.push_back(j);
    std::stable_sort(same.begin(), same.end(), [&](std::int64_t a, std::int64_t b) {
      return distance(problem, I, i, a) < distance(problem, I, i, b);
    });
    if (static_cast<std::int64_t>(same.size()) > n_neighbors) same.resize(n_neighbors);
    for (std::int64_t j : same) {
      sum += (1 - mu) * distance(problem, L, i, j);
      for (std::int64_t l = 0; l < n; ++l)
        if (problem.y[l] != problem.y[i])
          sum += mu * std::max(0.0, 1 + distance(problem, L, i, j) - distance(problem, L, i, l));
    }
  }
  return sum;
}

double plain_nca(const SolverProblem& problem, const Matrix& L) {
  double sum = 0;
  for (std::int64_t i = 0; i < problem.n(); ++i) {
    double nearest = std::numeric_limits<double>::infinity(), all = 0, same = 0;
    for (std::int64_t k = 0; k < problem.n(); ++k)
      if (k != i) nearest = std::min(nearest, distance(problem, L, i, k));
    for (std::int64_t k = 0; k < problem.n(); ++k) {
      if (k == i) continue;
      const double e = std::exp(nearest - distance(problem, L, i, k));
      all += e;
      if (problem.y[k] == problem.y[i]) same += e;
    }
    sum += same / all;
  }
  return sum / static_cast<double>(problem.n());
}

template <class F>
void check_gradient(F f, const Matrix& L) {
  Matrix gradient, unused;
  f(L, gradient);
  for (std::uint64_t k = 0; k < 5; ++k) {
    const Matrix direction = random_matrix(L.rows(), L.cols(), 1, 100 + k);
    const double h = 1e-6;
    const double numeric = (f(L + h * direction, unused) - f(L - h * direction, unused)) / (2 * h);
    CHECK(gradient.cwiseProduct(direction).sum() == doctest::Approx(numeric).epsilon(1e-5));
  }
}

LmnnObjective lmnn_objective(const SolverProblem& problem, std::int64_t n_neighbors, double mu) {
  return LmnnObjective(problem.X, problem.y, target_neighbors(problem.X, problem.y, n_neighbors),
                       mu);
}

SolverProblem permuted(const SolverProblem& problem) {
  SolverProblem result = problem;
  const Indices order = Random(9).permutation(problem.n());
  Indices place(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    place[static_cast<std::size_t>(order[i])] = static_cast<std::int64_t>(i);
    result.X.row(static_cast<Eigen::Index>(i)) = problem.X.row(order[i]);
    result.y[i] = problem.y[static_cast<std::size_t>(order[i])];
  }
  for (LabelledPair& pair : result.pairs) {
    pair.first = place[static_cast<std::size_t>(pair.first)];
    pair.second = place[static_cast<std::size_t>(pair.second)];
  }
  return result;
}

TEST_CASE("L-BFGS finds known minima and never rises") {
  auto check = [](auto f, const Matrix& start, const Matrix& expected, double precision) {
    const Minimum minimum = minimize_lbfgs(f, start, {.max_iterations = 500, .tolerance = 1e-14});
    CHECK((minimum.x - expected).norm() < precision);
    CHECK(minimum.stopped == "converged");
    CHECK(static_cast<std::int64_t>(minimum.values.size()) == minimum.iterations + 1);
    CHECK(std::is_sorted(minimum.values.rbegin(), minimum.values.rend()));
  };
  check(
      [](const Matrix& x, Matrix& gradient) {
        const double a = 1 - x(0, 0), b = x(0, 1) - x(0, 0) * x(0, 0);
        gradient = Matrix{{-2 * a - 400 * x(0, 0) * b, 200 * b}};
        return a * a + 100 * b * b;
      },
      Matrix{{-1.2, 1}}, Matrix{{1, 1}}, 1e-5);  // Rosenbrock
  const Vector scales{{1e-3, 1, 1e3}};
  check(
      [&](const Matrix& x, Matrix& gradient) {
        gradient = scales.asDiagonal() * (x.array() - 2).matrix();
        return 0.5 * (x.array() - 2).matrix().cwiseProduct(gradient).sum() + 1;
      },
      Matrix::Zero(3, 1), Matrix::Constant(3, 1, 2), 1e-3);
  // A kink at the minimum.
  check(
      [](const Matrix& x, Matrix& gradient) {
        gradient = Matrix{{x(0, 0) > 1 ? 3.0 : -1.0}};
        return (x(0, 0) - 1) * gradient(0, 0);
      },
      Matrix{{-5}}, Matrix{{1}}, 1e-5);

  const Minimum stopped = minimize_lbfgs(
      [](const Matrix& x, Matrix& gradient) {
        gradient = 4 * x.array().cube();
        return x.array().pow(4).sum();
      },
      Matrix{{3, 1}}, {.max_iterations = 2, .tolerance = 0});
  CHECK(stopped.iterations == 2);
  CHECK(stopped.stopped == "iterations");
}

TEST_CASE("the LMNN objective equals the plain sum, whether or not its list is new") {
  const SolverProblem problem = gaussian_classes(90, 6, 4, 1.5);
  const Matrix step = random_matrix(4, 6, 0.002, 3);
  Matrix L = random_matrix(4, 6, 0.7, 2), gradient;
  LmnnObjective objective = lmnn_objective(problem, 3, 0.3);
  for (int k = 0; k < 30; ++k, L += step)
    CHECK(objective(L, gradient) == doctest::Approx(plain_lmnn(problem, L, 3, 0.3)).epsilon(1e-12));
  CHECK(objective.lists() < objective.evaluations() / 2);
  for (double scale : {1e-3, 0.1, 3.0, 1.0, 30.0})
    CHECK(objective(scale * L, gradient) ==
          doctest::Approx(plain_lmnn(problem, scale * L, 3, 0.3)).epsilon(1e-12));
}

TEST_CASE("the NCA objective equals the plain mean") {
  const SolverProblem problem = gaussian_classes(70, 5, 3, 1.5);
  NcaObjective objective(problem.X, problem.y);
  Matrix gradient;
  for (double scale : {0.01, 0.5, 2.0}) {
    const Matrix L = random_matrix(3, 5, scale, 4);
    CHECK(objective(L, gradient) == doctest::Approx(plain_nca(problem, L)).epsilon(1e-12));
  }
}

TEST_CASE("the NCA objective in single precision comes near the plain mean, few pairs or all") {
  // From all pairs mattering about equally to few.
  const SolverProblem problem = gaussian_classes(640, 6, 4, 1.0);
  NcaObjective objective(problem.X, problem.y);
  const Matrix direction = random_matrix(5, 6, 1, 12);
  for (double scale : {0.05, 0.3, 1.0, 4.0}) {
    CAPTURE(scale);
    const Matrix L = random_matrix(5, 6, scale, 11);
    Matrix gradient;
    CHECK(objective(L, gradient) == doctest::Approx(plain_nca(problem, L)).epsilon(1e-6));
    const double h = 1e-5 * scale;
    const double numeric =
        (plain_nca(problem, L + h * direction) - plain_nca(problem, L - h * direction)) / (2 * h);
    CHECK(gradient.cwiseProduct(direction).sum() ==
          doctest::Approx(numeric).epsilon(1e-4).scale(gradient.norm()));
  }
}

TEST_CASE("gradients equal finite differences") {
  const SolverProblem problem = gaussian_classes(60, 5, 3, 1);
  for (std::int64_t r : {2, 5}) {
    const Matrix L = random_matrix(r, 5, 0.6, 5);
    check_gradient(lmnn_objective(problem, 3, 0.5), L);
    check_gradient(lmnn_objective(problem, 2, 0.8), L);
    check_gradient(NcaObjective(problem.X, problem.y), L);
  }
}

TEST_CASE("LMNN of four points on a line by hand") {
  // Classes {0, 1} and {3, 4}, one target each, μ = 1/2: 2m + ½·2·([1 − 15m]₊ + 2[1 − 8m]₊ + [1 −
  // 3m]₊), m = L², is least at the kink m = 1/3.
  SolverProblem problem{.X = Matrix{{0}, {1}, {3}, {4}}, .y = {0, 0, 1, 1}, .random = Random(1)};
  const Solution solution =
      solve(R"({"plugin": "lmnn", "n_neighbors": 1, "tolerance": 1e-12})", problem);
  CHECK(metric(solution)(0, 0) == doctest::Approx(1.0 / 3).epsilon(1e-6));
  CHECK(solution.objective == doctest::Approx(2.0 / 3).epsilon(1e-6));
}

TEST_CASE("LMNN and NCA reach the objectives of metric-learn") {
  const auto reference = classical_reference();
  if (!reference) return;
  // The best of peers.csv: the least lmnn_loss of its LMNN rows, the largest nca_p of its NCA rows
  // (6 digits).
  struct Row {
    std::string name;
    double lmnn, nca;
  };
  for (const Row& row : {Row{"wine", 210.278, 1}, Row{"breast_cancer", 1652.84, 0.994728},
                         Row{"syn500", 4172.04, 0.961997}}) {
    CAPTURE(row.name);
    const SolverProblem problem = reference_problem(*reference, row.name);
    const Solution lmnn = solve("\"lmnn\"", problem);
    CHECK(lmnn.objective <= row.lmnn);
    CHECK(lmnn.stopped == "converged");
    CHECK(lmnn.objective == doctest::Approx(plain_lmnn(problem, lmnn.L, 3, 0.5)).epsilon(1e-10));
    CHECK(std::is_sorted(lmnn.objectives.rbegin(), lmnn.objectives.rend()));
    const Solution nca = solve("\"nca\"", problem);
    CHECK(nca.objective >= row.nca - 5e-7);
    CHECK(nca.objective == doctest::Approx(plain_nca(problem, nca.L)).epsilon(1e-10));
    CHECK(std::is_sorted(nca.objectives.begin(), nca.objectives.end()));
  }
}

TEST_CASE("the order of the examples and the numbers of the classes don't matter") {
  SolverProblem problem = gaussian_classes(80, 5, 3, 1.5);
  Random random(4);
  for (int k = 0; k < 60; ++k) {
    const auto pair = random.sample(80, 2);
    problem.pairs.push_back({pair[0], pair[1], problem.y[pair[0]] == problem.y[pair[1]]});
  }
  const SolverProblem other = permuted(problem);
  SolverProblem renamed = problem;
  for (std::int32_t& label : renamed.y) label = (label + 1) % 3;
  // Few iterations: rounding grows along a path over kinks.
  for (const std::string json :
       {R"({"plugin": "lmnn", "max_iterations": 8})", R"({"plugin": "nca", "max_iterations": 8})",
        R"("itml")", R"("lda")"}) {
    CAPTURE(json);
    const Matrix M = metric(solve(json, problem));
    CHECK(relative_difference(metric(solve(json, other)), M) < 1e-7);
    CHECK(relative_difference(metric(solve(json, renamed)), M) < 1e-7);
    // The same input gives the same bytes.
    CHECK(metric(solve(json, problem)) == M);
  }
}

TEST_CASE("rotating the input rotates the metric") {
  const SolverProblem problem = gaussian_classes(80, 5, 3, 1.5);
  SolverProblem turned = problem;
  const Matrix rotation = random_rotation(5, 3);
  turned.X = problem.X * rotation.transpose();
  for (const std::string json :
       {R"({"plugin": "lmnn", "max_iterations": 8})", R"({"plugin": "nca", "max_iterations": 8})",
        R"("itml")", R"({"plugin": "itml", "prior": "covariance"})"}) {
    CAPTURE(json);
    CHECK(relative_difference(metric(solve(json, turned)), rotation * metric(solve(json, problem)) *
                                                               rotation.transpose()) < 1e-6);
  }
}

TEST_CASE("corners: a class of one, duplicates, a constant feature, d > n, every start") {
  SolverProblem problem = gaussian_classes(40, 4, 3, 1.5);
  problem.y[0] = 3;
  problem.y[1] = 4;
  problem.y[4] = 4;
  for (int i = 10; i < 20; ++i) problem.X.row(i) = problem.X.row(9);
  problem.X.col(2).setConstant(7);
  const SolverProblem flat = gaussian_classes(12, 30, 2, 2);
  for (const std::string name : {"lmnn", "nca", "itml"}) {
    CAPTURE(name);
    for (const SolverProblem* each : {&std::as_const(problem), &flat}) {
      const Solution solution = solve("\"" + name + "\"", *each);
      CHECK(solution.L.allFinite());
      CHECK(solution.L.cols() == each->d());
      CHECK(std::isfinite(solution.objective));
    }
    if (name == "itml") continue;
    for (const std::string init : {"identity", "pca", "covariance", "lda", "random"}) {
      const Solution solution = solve(
          fmt::format(R"({{"plugin": "{}", "init": "{}", "components": 2, "max_iterations": 5}})",
                      name, init),
          problem);
      CHECK(solution.L.rows() == 2);
      CHECK(solution.L.allFinite());
    }
    CHECK(solve(fmt::format(R"({{"plugin": "{}", "components": 2, "max_iterations": 1}})", name),
                problem)
              .iterations == 1);
  }
  CHECK(solve("\"lmnn\"", problem).objective ==
        doctest::Approx(plain_lmnn(problem, solve("\"lmnn\"", problem).L, 3, 0.5)).epsilon(1e-10));
}

TEST_CASE("what the iterative solvers refuse") {
  SolverProblem problem = gaussian_classes(6, 2, 6, 1);
  CHECK_THROWS_WITH_AS(
      solve("\"lmnn\"", problem),
      "lmnn needs a class with two examples to find target neighbours in; the largest of these 6 "
      "classes has 1",
      Error);
  CHECK_THROWS_WITH_AS(
      solve("\"nca\"", problem),
      "nca needs a class with two examples; each of these is of a class of its own", Error);
  problem.y.assign(6, 0);
  for (const std::string name : {"lmnn", "nca", "itml"})
    CHECK_THROWS_WITH_AS(
        solve("\"" + name + "\"", problem),
        (name + " needs examples of at least two classes; all 6 are of class 0").c_str(), Error);
  problem.y = {0, 0, 0, 1, 1, 1};
  CHECK_THROWS_WITH_AS(solve(R"({"plugin": "lmnn", "components": 3})", problem),
                       "/components: 3 is above the greatest value 2 here, the number of features",
                       Error);
  problem.pairs = {{0, 1, true}, {2, 6, false}};
  CHECK_THROWS_WITH_AS(solve("\"itml\"", problem), "pair 1 names example 6; there are 0 to 5",
                       Error);
  problem.pairs = {{2, 2, true}};
  CHECK_THROWS_AS(solve("\"itml\"", problem), Error);
  problem.pairs.clear();
  problem.X.col(1).setConstant(1);
  CHECK_THROWS_WITH_AS(solve(R"({"plugin": "itml", "prior": "covariance"})", problem),
                       "/prior: the covariance of these examples is singular and has no inverse; "
                       "take \"identity\"",
                       Error);
  problem.y.clear();
  CHECK_THROWS_WITH_AS(solve("\"itml\"", problem),
                       "itml learns from pairs or class labels, and these data have neither",
                       Error);
}

}  // namespace
