// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <limits>
#include <metriclab/classical/lmnn_objective.hpp>
#include <metriclab/classical/regression_tree.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

/// Σ over both sides of the squared deviations from the side's mean; infinite for an empty side.
double error_of_split(const Matrix& X, const Matrix& outputs, Eigen::Index feature,
                      double threshold) {
  double error = 0;
  for (const bool left : {true, false}) {
    Indices side;
    for (Eigen::Index i = 0; i < X.rows(); ++i)
      if ((X(i, feature) <= threshold) == left) side.push_back(i);
    if (side.empty()) return std::numeric_limits<double>::infinity();
    const Matrix own = outputs(side, Eigen::all);
    error += (own.rowwise() - own.colwise().mean()).squaredNorm();
  }
  return error;
}

TEST_CASE("a tree of one split has the best of all") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Random random(seed);
    Matrix X = Matrix::NullaryExpr(40, 3, [&] { return random.normal(); });
    X.col(1) = (2 * X.col(1)).array().round();  // with ties
    const Matrix outputs = Matrix::NullaryExpr(40, 2, [&] { return random.normal(); });
    RegressionTrees trees;
    RegressionTreeGrower(X, 1).grow(outputs, trees);
    REQUIRE(trees.nodes.size() == 3);
    const auto& root = trees.nodes[0];
    double least = std::numeric_limits<double>::infinity();
    for (Eigen::Index j = 0; j < 3; ++j)
      for (Eigen::Index i = 0; i < 40; ++i)
        least = std::min(least, error_of_split(X, outputs, j, X(i, j)));
    CHECK(error_of_split(X, outputs, root.feature, root.threshold) == doctest::Approx(least));
    Matrix fitted = Matrix::Zero(40, 2);
    trees.add_to(fitted, X);
    CHECK((outputs - fitted).squaredNorm() == doctest::Approx(least));
  }
}

TEST_CASE("a deep tree fits what it can tell apart, and a sum of trees is their sum") {
  Random random(3);
  const Matrix X = Matrix::NullaryExpr(60, 2, [&] { return random.normal(); });
  const Matrix outputs = Matrix::NullaryExpr(60, 3, [&] { return random.normal(); });
  RegressionTrees trees;
  const RegressionTreeGrower deep(X, 16), shallow(X, 2);
  deep.grow(outputs, trees);
  Matrix fitted = Matrix::Zero(60, 3);
  trees.add_to(fitted, X);
  CHECK(relative_difference(fitted, outputs) < 1e-12);

  shallow.grow(outputs, trees);
  Matrix second = Matrix::Zero(60, 3), both = Matrix::Zero(60, 3);
  trees.add_to(second, X, 1);
  trees.scale_last(-0.5);
  trees.add_to(both, X);
  CHECK(relative_difference(both, outputs - 0.5 * second) < 1e-12);
  trees.drop_last();
  Matrix first = Matrix::Zero(60, 3);
  trees.add_to(first, X);
  CHECK(relative_difference(first, outputs) < 1e-12);

  // Nothing to split by, and nothing to fit.
  RegressionTrees none;
  RegressionTreeGrower(Matrix::Ones(5, 2), 3).grow(outputs.topRows(5), none);
  CHECK(none.nodes.size() == 1);
  deep.grow(Matrix::Zero(60, 3), none);
  CHECK(none.nodes.size() == 2);
}

TEST_CASE("features of many values are split between groups of them") {
  Random random(9);
  const Matrix X = Matrix::NullaryExpr(5000, 1, [&] { return random.uniform(); });
  Matrix outputs(5000, 1);
  for (int i = 0; i < 5000; ++i) outputs(i, 0) = X(i, 0) > 0.3 ? 1 : 0;
  RegressionTrees trees;
  RegressionTreeGrower(X, 1).grow(outputs, trees);
  CHECK(trees.nodes[0].threshold == doctest::Approx(0.3).epsilon(0.02));
}

TEST_CASE("LMNN's objective at embeddings is that of the transformation that makes them") {
  const SolverProblem problem = gaussian_classes(50, 4, 3, 1);
  LmnnObjective objective(problem.X, problem.y, target_neighbors(problem.X, problem.y, 3), 0.5);
  const Matrix L = random_rotation(4, 3).topRows(3);
  Matrix by_L(3, 4), by_Z, ignored;
  const double value = objective(L, by_L);
  const Matrix Z = problem.X * L.transpose();
  CHECK(objective.at_embeddings(Z, by_Z) == doctest::Approx(value).epsilon(1e-12));
  CHECK(relative_difference(by_Z.transpose() * problem.X, by_L) < 1e-10);
  for (const auto& [row, column] : {std::pair(0, 0), std::pair(17, 2), std::pair(49, 1)}) {
    Matrix more = Z, less = Z;
    more(row, column) += 1e-6;
    less(row, column) -= 1e-6;
    CHECK(by_Z(row, column) == doctest::Approx((objective.at_embeddings(more, ignored) -
                                                objective.at_embeddings(less, ignored)) /
                                               2e-6)
                                   .epsilon(1e-4));
  }
}

TEST_CASE("gb_lmnn goes on below LMNN where classes bend") {
  // Two rings, which no linear map takes apart.
  Random random(2);
  SolverProblem problem{.X = Matrix(200, 2), .random = Random(1)};
  for (std::int64_t i = 0; i < 200; ++i) {
    const double angle = random.uniform(0, 6.283185), radius = i % 2 == 0 ? 1 : 2;
    problem.X.row(i) << (radius + 0.25 * random.normal()) * std::cos(angle),
        (radius + 0.25 * random.normal()) * std::sin(angle);
    problem.y.push_back(static_cast<std::int32_t>(i % 2));
  }
  const Solution linear = solve("\"lmnn\"", problem);
  const Solution solution = solve(R"({"plugin": "gb_lmnn", "n_trees": 60})", problem);
  CHECK(solution.objective < 0.8 * linear.objective);
  for (std::size_t k = 1; k < solution.objectives.size(); ++k)
    CHECK(solution.objectives[k] <= solution.objectives[k - 1] * (1 + 1e-12));
  // What the model embeds is what the objective was of.
  const MatrixF E = solution.model->embed(
      Examples({2}, std::vector<double>(problem.X.data(), problem.X.data() + problem.X.size())));
  LmnnObjective objective(problem.X, problem.y, target_neighbors(problem.X, problem.y, 3), 0.5);
  Matrix ignored;
  CHECK(objective.at_embeddings(E.cast<double>(), ignored) ==
        doctest::Approx(solution.objective).epsilon(1e-4));
}

}  // namespace
