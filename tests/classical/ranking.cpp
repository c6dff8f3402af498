// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <algorithm>
#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/classical/ranking_loss.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

/// One less the area under the ROC curve, and one less average precision, of a ranking that says
/// which places are of relevant examples.
double auc_loss(const std::vector<bool>& relevant, double R, double N) {
  double wrong = 0, others = 0;
  for (const bool is : relevant) (is ? wrong : others) += is ? others : 1;
  return wrong / (R * N);
}
double map_loss(const std::vector<bool>& relevant, double R, double /*N*/) {
  double sum = 0, found = 0;
  for (std::size_t place = 0; place < relevant.size(); ++place)
    if (relevant[place]) sum += ++found / static_cast<double>(place + 1);
  return 1 - sum / R;
}

/// The greatest over all rankings, one after the other.
template <class Loss>
double plain_violation(Loss loss, const Vector& relevant, const Vector& others) {
  const auto R = static_cast<double>(relevant.size()), N = static_cast<double>(others.size());
  std::vector<Eigen::Index> order;
  for (Eigen::Index k = 0; k < relevant.size() + others.size(); ++k) order.push_back(k);
  double most = 0;
  do {
    std::vector<bool> is;
    for (const Eigen::Index k : order) is.push_back(k < relevant.size());
    double value = loss(is, R, N);
    for (std::size_t a = 0; a < order.size(); ++a)
      for (std::size_t b = a + 1; b < order.size(); ++b)
        if (!is[a] && is[b])  // the wrong way round
          value -= 2 / (R * N) * (others[order[a] - relevant.size()] - relevant[order[b]]);
    most = std::max(most, value);
  } while (std::next_permutation(order.begin(), order.end()));
  return most;
}

Vector sorted_distances(Eigen::Index count, Random& random) {
  Vector d = Vector::NullaryExpr(count, [&] { return random.uniform(0, 2); });
  std::sort(d.begin(), d.end());
  return d;
}

TEST_CASE("the most violated ranking is the worst of all, and its derivative right") {
  Random random(3);
  Vector by_relevant, by_others;
  for (int trial = 0; trial < 40; ++trial) {
    const Vector relevant = sorted_distances(1 + trial % 4, random),
                 others = sorted_distances(1 + trial / 4 % 3, random);
    for (const bool map : {false, true}) {
      CAPTURE(trial);
      CAPTURE(map);
      const auto violation = map ? map_violation : auc_violation;
      const double value = violation(relevant, others, by_relevant, by_others);
      CHECK(value == doctest::Approx(plain_violation(map ? map_loss : auc_loss, relevant, others)));
      // Piecewise linear: a small step along any direction changes it by the derivative.
      const double h = 1e-7;
      Vector ignored, also;
      for (Eigen::Index i = 0; i < relevant.size(); ++i) {
        Vector moved = relevant;
        moved[i] += h;
        CHECK(violation(moved, others, ignored, also) - value ==
              doctest::Approx(h * by_relevant[i]).epsilon(1e-4).scale(h));
      }
      for (Eigen::Index j = 0; j < others.size(); ++j) {
        Vector moved = others;
        moved[j] += h;
        CHECK(violation(relevant, moved, ignored, also) - value ==
              doctest::Approx(h * by_others[j]).epsilon(1e-4).scale(h));
      }
    }
  }
}

/// tr(M) + C·mean over queries of the violation, query by query.
double plain_objective(const SolverProblem& problem, const Matrix& M, bool map, double C) {
  double sum = 0, queries = 0;
  for (std::int64_t q = 0; q < problem.n(); ++q) {
    std::vector<double> relevant, others;
    for (std::int64_t x = 0; x < problem.n(); ++x) {
      if (x == q) continue;
      const Vector v = (problem.X.row(q) - problem.X.row(x)).transpose();
      const bool same =
          problem.y[static_cast<std::size_t>(x)] == problem.y[static_cast<std::size_t>(q)];
      (same ? relevant : others).push_back(v.dot(M * v));
    }
    if (relevant.empty()) continue;
    std::sort(relevant.begin(), relevant.end());
    std::sort(others.begin(), others.end());
    Vector a, b;
    const auto vector = [](std::vector<double>& d) {
      return Vector(Eigen::Map<Vector>(d.data(), static_cast<Eigen::Index>(d.size())));
    };
    sum += (map ? map_violation : auc_violation)(vector(relevant), vector(others), a, b);
    ++queries;
  }
  return M.trace() + C * sum / queries;
}

TEST_CASE("MLR finds the least of its convex objective") {
  SolverProblem problem = gaussian_classes(40, 3, 3, 1);
  problem.y[39] = 3;  // alone in its class
  for (const bool map : {false, true}) {
    CAPTURE(map);
    const Solution solution = solve(
        std::string(R"({"plugin": "mlr", "slack_weight": 5, "tolerance": 1e-9, "measure": ")") +
            (map ? "map" : "auc") + "\"}",
        problem);
    const Matrix M = metric(solution);
    CHECK(solution.objective == doctest::Approx(plain_objective(problem, M, map, 5)));
    for (std::size_t k = 1; k < solution.objectives.size(); ++k)
      CHECK(solution.objectives[k] <= solution.objectives[k - 1]);
    // No direction to another PSD matrix leads down; since it is convex that is the minimum.
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      const Matrix Q = random_rotation(3, seed);
      const Vector diagonal{{1.0, 0.3 * static_cast<double>(seed % 3), 0.01}};
      const Matrix other = Q * (M.trace() * diagonal).asDiagonal() * Q.transpose();
      for (const double t : {1e-3, 1e-2, 0.3})
        CHECK(plain_objective(problem, (1 - t) * M + t * other, map, 5) >=
              solution.objective * (1 - 1e-6));
      CHECK(plain_objective(problem, (1 + 1e-2 * (seed % 2 == 0 ? 1 : -1)) * M, map, 5) >=
            solution.objective * (1 - 1e-6));
    }
  }
}

}  // namespace
