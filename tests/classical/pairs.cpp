// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <Eigen/Eigenvalues>
#include <cmath>
#include <metriclab/classical/ldml_objective.hpp>
#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/classical/supervision.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

std::vector<LabelledPair> all_pairs(const std::vector<std::int32_t>& y) {
  std::vector<LabelledPair> pairs;
  for (std::size_t i = 0; i < y.size(); ++i)
    for (std::size_t j = i + 1; j < y.size(); ++j)
      pairs.push_back({static_cast<std::int64_t>(i), static_cast<std::int64_t>(j), y[i] == y[j]});
  return pairs;
}

double plain_likelihood(const Matrix& X, const std::vector<LabelledPair>& pairs, const Matrix& L,
                        double b) {
  double sum = 0;
  for (const LabelledPair& pair : pairs) {
    const double d = (L * (X.row(pair.first) - X.row(pair.second)).transpose()).squaredNorm();
    sum -= std::log1p(std::exp(pair.similar ? d - b : b - d));
  }
  return sum / static_cast<double>(pairs.size());
}

TEST_CASE("LDML's likelihood and derivatives, over all pairs and over given ones") {
  // More than a tile of examples, so that several are there.
  const SolverProblem problem = gaussian_classes(300, 4, 3, 1);
  const std::vector<LabelledPair> pairs = all_pairs(problem.y);
  const LdmlObjective of_labels(problem.X, problem.y), of_pairs(problem.X, pairs);
  const Matrix L = 0.5 * random_rotation(4, 7).topRows(3);
  for (const double b : {0.0, 1.0, 20.0}) {
    CAPTURE(b);
    Matrix by_L, also_by_L;
    double by_b = 0, also_by_b = 0;
    const double value = of_labels(L, b, by_L, by_b);
    CHECK(value == doctest::Approx(plain_likelihood(problem.X, pairs, L, b)).epsilon(1e-12));
    CHECK(of_pairs(L, b, also_by_L, also_by_b) == doctest::Approx(value).epsilon(1e-12));
    CHECK(relative_difference(also_by_L, by_L) < 1e-10);
    CHECK(also_by_b == doctest::Approx(by_b).epsilon(1e-10));
    const double h = 1e-5;
    CHECK(by_b == doctest::Approx((plain_likelihood(problem.X, pairs, L, b + h) -
                                   plain_likelihood(problem.X, pairs, L, b - h)) /
                                  (2 * h))
                      .epsilon(1e-6));
    for (const auto& [r, c] : {std::pair(0, 0), std::pair(1, 3), std::pair(2, 1)}) {
      Matrix more = L, less = L;
      more(r, c) += h;
      less(r, c) -= h;
      CHECK(by_L(r, c) == doctest::Approx((plain_likelihood(problem.X, pairs, more, b) -
                                           plain_likelihood(problem.X, pairs, less, b)) /
                                          (2 * h))
                              .epsilon(1e-5));
    }
  }
  double distances = 0;
  for (const LabelledPair& pair : pairs)
    distances +=
        (L * (problem.X.row(pair.first) - problem.X.row(pair.second)).transpose()).squaredNorm();
  const double mean = distances / static_cast<double>(pairs.size());
  CHECK(of_labels.mean_distance(L) == doctest::Approx(mean).epsilon(1e-12));
  CHECK(of_pairs.mean_distance(L) == doctest::Approx(mean).epsilon(1e-12));
}

TEST_CASE("LDML's optimum doesn't depend on the start, and nothing near is better") {
  const SolverProblem problem = gaussian_classes(80, 3, 3, 1);
  auto solved = [&](const std::string& init) {
    return solve(R"({"plugin": "ldml", "tolerance": 1e-12, "init": ")" + init + "\"}", problem);
  };
  const Solution solution = solved("identity");
  const Matrix M = metric(solution);
  CHECK(relative_difference(metric(solved("random")), M) < 1e-4);
  CHECK(relative_difference(metric(solved("pca")), M) < 1e-4);
  // Two classes and a distance that is of no use: the likelihood of the pairs' shares alone.
  for (std::size_t k = 1; k < solution.objectives.size(); ++k)
    CHECK(solution.objectives[k] >= solution.objectives[k - 1]);
  const std::vector<LabelledPair> pairs = all_pairs(problem.y);
  auto best_over_b = [&](const Matrix& L) {
    double best = -1e9;
    for (double b = -3; b < 8; b += 0.002)
      best = std::max(best, plain_likelihood(problem.X, pairs, L, b));
    return best;
  };
  CHECK(best_over_b(solution.L) == doctest::Approx(solution.objective).epsilon(1e-5));
  for (std::uint64_t seed = 1; seed <= 3; ++seed)
    CHECK(best_over_b(solution.L + 0.05 * random_rotation(3, seed)) < solution.objective + 1e-7);

  SolverProblem one_kind = problem;
  one_kind.y.clear();
  one_kind.pairs = {{0, 1, true}, {2, 3, true}};
  CHECK_THROWS_WITH_AS(solve("\"ldml\"", one_kind),
                       "ldml needs dissimilar pairs as well; there are none", Error);
}

TEST_CASE("DML-eig balances two orthogonal dissimilar pairs") {
  // Similar pairs of mean scatter I; dissimilar ones along the axes, of length 2 and 1: m₁·4 = m₂·1
  // with m₁ + m₂ = 1, so m = (1/5, 4/5) and the least distance is 4/5.
  const double s = std::sqrt(2.0);
  SolverProblem problem{.X = Matrix{{0, 0}, {s, 0}, {0, s}, {2, 0}, {0, 1}}, .random = Random(1)};
  problem.pairs = {{0, 1, true}, {0, 2, true}, {0, 3, false}, {0, 4, false}};
  const Solution solution =
      solve(R"({"plugin": "dml_eig", "regularization": 0, "smoothing": 1e-5, "tolerance": 1e-6})",
            problem);
  CHECK(relative_difference(metric(solution), Matrix{{0.2, 0}, {0, 0.8}}) < 1e-4);
  CHECK(solution.objective == doctest::Approx(0.8).epsilon(1e-4));
  CHECK(solution.stopped == "converged");
}

TEST_CASE("DML-eig is as near to the greatest smoothed minimum as it says") {
  SolverProblem problem = gaussian_classes(50, 4, 3, 1.5);
  problem.pairs = draw_pairs(class_members(problem.y), 60, Random(3));
  const double mu = 0.05;
  const Solution solution =
      solve(R"({"plugin": "dml_eig", "regularization": 0, "smoothing": 0.05, "tolerance": 1e-4})",
            problem);
  CHECK(solution.stopped == "converged");
  const Matrix M = metric(solution);
  Matrix S = Matrix::Zero(4, 4);
  std::vector<Vector> dissimilar;
  double similar = 0;
  for (const LabelledPair& pair : problem.pairs) {
    const Vector v = (problem.X.row(pair.first) - problem.X.row(pair.second)).transpose();
    if (pair.similar) {
      S += v * v.transpose();
      ++similar;
    } else {
      dissimilar.push_back(v);
    }
  }
  S /= similar;
  CHECK((M * S).trace() == doctest::Approx(1));
  double sum = 0;
  for (const Vector& v : dissimilar) sum += std::exp(-v.dot(M * v) / mu);
  const double f = -mu * std::log(sum / static_cast<double>(dissimilar.size()));
  CHECK(f == doctest::Approx(solution.objective));
  // f(M') ≤ f(M) + ⟨∇f, M' − M⟩, and the greatest ⟨∇f, M'⟩ with ⟨S, M'⟩ = 1 is an eigenvalue.
  Matrix slope = Matrix::Zero(4, 4);
  for (const Vector& v : dissimilar)
    slope += std::exp(-v.dot(M * v) / mu) / sum * v * v.transpose();
  const Eigen::GeneralizedSelfAdjointEigenSolver<Eigen::MatrixXd> eigen(slope, S);
  CHECK(eigen.eigenvalues().maxCoeff() - (slope * M).trace() <= 1.01e-4 * f);
}

}  // namespace
