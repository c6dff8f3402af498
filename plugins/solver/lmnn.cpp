// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <metriclab/classical/iterative_solver.hpp>
#include <metriclab/classical/lmnn_objective.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// Large-margin nearest neighbours: pulls each example's target neighbours near and pushes the
/// examples of other classes out of its neighbourhood.
///
///     minimise over L (r × d):  (1 − μ)·Σ_{i, j in T(i)} d²_ij + μ·Σ_{i, j in T(i), l: y_l ≠ y_i}
///     [1 + d²_ij − d²_il]₊
///
/// d_ij = ‖L(x_i − x_j)‖; T(i): the n_neighbors nearest examples of the same class in the input
/// space, found once, ties by index; sums, not means; μ = push_weight. The objective reported is
/// this sum, exact over all impostors l, at the start and after each iteration; it never rises. An
/// example whose class has no more than n_neighbors examples takes all the others as targets; one
/// that is alone in its class pulls nothing and is an impostor to others only. No class with two
/// examples: an error. Differs from the paper: L-BFGS on L instead of projected gradient steps on
/// M, so M is PSD without projection. Stopped "converged" when 5 iterations together lower the
/// objective by no more than tolerance of it.
class Lmnn final : public TransformationSolver {
 public:
  Lmnn() : TransformationSolver(1000, 1e-4) {}

  static void describe(Description<Lmnn>& is) {
    is.summary(
        "large-margin nearest neighbours: target neighbours near, impostors out of the margin");
    is.source(
        "Weinberger, Saul. Distance metric learning for large margin nearest neighbor "
        "classification. "
        "Journal of Machine Learning Research 2009");
    is.cost(
        "O(n² d + i (n r d + a r)) time for i iterations with a near pairs of different classes, "
        "now and "
        "then O(n² r) for a new list of these; O(n d + a) memory");
    is.parameter("n_neighbors", &Lmnn::n_neighbors, "target neighbours of each example")
        .at_least(1);
    is.parameter("push_weight", &Lmnn::push_weight,
                 "weight of the impostors' part (the paper's mu); one less it is that of the "
                 "targets' part")
        .above(0)
        .below(1);
    describe_transformation(is);
  }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "lmnn");
    const std::vector<Indices> members = require_classes(problem, "lmnn");
    if (static_cast<std::int64_t>(members.size()) == problem.n())
      throw Error(
          fmt::format("lmnn needs a class with two examples to find target neighbours in; the "
                      "largest of these {} classes has 1",
                      members.size()));
    LmnnObjective objective(problem.X, problem.y,
                            target_neighbors(problem.X, problem.y, n_neighbors), push_weight);
    return minimize(problem, "lmnn", std::ref(objective), start(problem, "lmnn"));
  }

 private:
  std::int64_t n_neighbors = 3;
  double push_weight = 0.5;
};

METRICLAB_PLUGIN(Lmnn, "lmnn");

}  // namespace
