// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/classical/lmnn_objective.hpp>
#include <metriclab/classical/online_draws.hpp>
#include <set>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

TEST_CASE("examples drawn from labels are of the class, or of another") {
  const SolverProblem problem{
      .X = Matrix::Zero(7, 1), .y = {0, 2, 0, 2, 0, 5, 2}, .random = Random(1)};
  LabelDraws draws(problem, "test", "pairs", Random(2));
  std::set<std::pair<std::int64_t, std::int64_t>> partners, strangers;
  for (int k = 0; k < 2000; ++k) {
    const std::int64_t anchor = draws.anchor();
    partners.emplace(anchor, draws.partner(anchor));
    strangers.emplace(anchor, draws.stranger(anchor));
  }
  std::set<std::pair<std::int64_t, std::int64_t>> same, other;
  for (std::int64_t i = 0; i < 7; ++i)
    for (std::int64_t j = 0; j < 7; ++j) {
      // Example 5 is alone in its class, and no anchor.
      if (i == j || i == 5) continue;
      const bool alike =
          problem.y[static_cast<std::size_t>(i)] == problem.y[static_cast<std::size_t>(j)];
      (alike ? same : other).emplace(i, j);
    }
  CHECK(partners == same);
  CHECK(strangers == other);
}

TEST_CASE("pairs of labels are similar and dissimilar in turn, given ones as they are") {
  SolverProblem problem = gaussian_classes(12, 3, 3, 2);
  OnlinePairs pairs(problem, "test");
  const OnlinePairs::Block block = pairs.draw(9);
  REQUIRE(block.differences.rows() == 9);
  for (std::size_t k = 0; k < 9; ++k) CHECK(block.similar[k] == (k % 2 == 0));
  CHECK(pairs.draw(1).similar[0] == false);

  problem.pairs = {{0, 5, false}, {3, 4, true}};
  OnlinePairs given(problem, "test");
  const OnlinePairs::Block some = given.draw(50);
  std::set<bool> kinds;
  for (std::size_t k = 0; k < 50; ++k) {
    const LabelledPair& pair = problem.pairs[some.similar[k] ? 1 : 0];
    CHECK(some.differences.row(static_cast<Eigen::Index>(k)) ==
          problem.X.row(pair.first) - problem.X.row(pair.second));
    kinds.insert(some.similar[k]);
  }
  CHECK(kinds.size() == 2);
}

TEST_CASE("POLA is two projections a pair") {
  for (const std::int64_t d : {1, 4, 30}) {
    CAPTURE(d);
    const SolverProblem problem = gaussian_classes(60, d, 3, 1.5);
    const Solution solution = solve(R"({"plugin": "pola", "steps": 1500})", problem);
    const double scale = std::sqrt(
        random_differences(problem, 2000, problem.random.child("scale")).squaredNorm() / 2000);
    OnlinePairs pairs(problem, "pola");
    Matrix M = Matrix::Zero(d, d);
    double b = 1;
    std::vector<double> losses;
    for (const std::int64_t count : {1000, 500}) {
      const OnlinePairs::Block block = pairs.draw(count);
      double sum = 0;
      for (std::int64_t k = 0; k < count; ++k) {
        const Vector v = block.differences.row(k).transpose() / scale;
        const double sign = block.similar[static_cast<std::size_t>(k)] ? 1 : -1;
        const double loss = std::max(0.0, 1 + sign * (v.dot(M * v) - b));
        // The nearest (M, b) with no loss, then the nearest PSD matrix and b ≥ 1.
        const double alpha = loss / (std::pow(v.norm(), 4) + 1);
        M = project_psd(M - sign * alpha * v * v.transpose());
        b = std::max(1.0, b + sign * alpha);
        sum += loss;
      }
      losses.push_back(sum / static_cast<double>(count));
    }
    CHECK(relative_difference(metric(solution), M / (scale * scale)) < 1e-5);
    REQUIRE(solution.objectives.size() == 2);
    CHECK(solution.objectives[0] == doctest::Approx(losses[0]).epsilon(1e-6));
    CHECK(solution.objectives[1] == doctest::Approx(losses[1]).epsilon(1e-6));
    CHECK(losses[1] < losses[0]);
  }
}

TEST_CASE("LEGO's step is stationary for its divergence and its pair's target") {
  const SolverProblem problem = gaussian_classes(60, 4, 3, 1.5);
  const double u = 2, l = 12, rate = 0.3;
  const Solution solution = solve(
      R"({"plugin": "lego", "steps": 400, "learning_rate": 0.3, "similar_bound": 2,
          "dissimilar_bound": 12})",
      problem);
  // M_{t+1}⁻¹ = M_t⁻¹ + η(ȳ − y)·vvᵀ with ȳ = vᵀM_{t+1}v, found here by bisection.
  Matrix inverse = Matrix::Identity(4, 4);
  OnlinePairs pairs(problem, "lego");
  const OnlinePairs::Block block = pairs.draw(400);
  for (std::int64_t k = 0; k < 400; ++k) {
    const Vector v = block.differences.row(k).transpose();
    const bool similar = block.similar[static_cast<std::size_t>(k)];
    const double y = similar ? u : l, eta = rate / (y * y);
    auto next = [&](double reached) -> Matrix {
      return inverse + eta * (reached - y) * v * v.transpose();
    };
    const double found = v.dot(inverse.inverse() * v);
    if (similar ? found <= u : found >= l) continue;
    double low = std::min(found, y), high = std::max(found, y);
    for (int halving = 0; halving < 60; ++halving) {
      const double middle = (low + high) / 2;
      (v.dot(next(middle).inverse() * v) > middle ? low : high) = middle;
    }
    inverse = next((low + high) / 2);
  }
  CHECK(relative_difference(metric(solution), inverse.inverse()) < 1e-8);
}

TEST_CASE("LEGO's bounds bound squared distances, whatever the unit") {
  SolverProblem problem = gaussian_classes(90, 5, 3, 2);
  const Matrix M = metric(solve("\"lego\"", problem));
  problem.X *= 1e3;
  // Bounds are of the examples' own distances: M is the same, and the same share of pairs is
  // within.
  const Solution scaled = solve("\"lego\"", problem);
  CHECK(relative_difference(metric(scaled), M) < 1e-8);
}

double lmnn_value(const SolverProblem& problem, const Matrix& L) {
  LmnnObjective objective(problem.X, problem.y, target_neighbors(problem.X, problem.y, 3), 0.5);
  Matrix gradient(L.rows(), L.cols());
  return objective(L, gradient) / static_cast<double>(problem.n());
}

TEST_CASE("stochastic LMNN with everything in a batch comes to LMNN's minimum") {
  const SolverProblem problem = gaussian_classes(90, 5, 3, 1);
  const Solution exact = solve(R"({"plugin": "lmnn", "tolerance": 1e-7})", problem);
  const Solution solution = solve(R"({"plugin": "stochastic_lmnn", "batch_size": 90})", problem);
  const double least = exact.objective / 90;
  CHECK(lmnn_value(problem, solution.L) >= least * (1 - 1e-5));
  CHECK(lmnn_value(problem, solution.L) < 1.02 * least);
  CHECK(solution.objectives.size() == 50);
}

TEST_CASE("stochastic LMNN of small batches betters LMNN's objective over all") {
  SolverProblem problem = gaussian_classes(600, 12, 30, 2);
  Random random(4);
  for (std::int64_t i = 0; i < 600; ++i)  // the last six features are noise
    for (std::int64_t j = 6; j < 12; ++j) problem.X(i, j) = 4 * random.normal();
  // With 30 classes and 8 of each, a batch of 64 holds 8 of these.
  const Solution solution =
      solve(R"({"plugin": "stochastic_lmnn", "batch_size": 64, "steps": 300})", problem);
  auto best_multiple = [&](const Matrix& L) {
    double best = lmnn_value(problem, L);
    for (int power = -12; power <= 12; ++power)
      best = std::min(best, lmnn_value(problem, std::exp2(power / 2.0) * L));
    return best;
  };
  CHECK(best_multiple(solution.L) < 0.9 * best_multiple(Matrix::Identity(12, 12)));
}

}  // namespace
