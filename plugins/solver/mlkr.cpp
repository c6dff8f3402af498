// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <metriclab/classical/iterative_solver.hpp>
#include <metriclab/classical/mlkr_objective.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// Metric learning for kernel regression: the distance by which a real label is best estimated from
/// those of the other examples,
///
///     minimise over L (r × d):  Σ_i (y_i − ŷ_i)²,  ŷ_i = Σ_{j ≠ i} k_ij y_j / Σ_{j ≠ i} k_ij
///     k_ij = exp(−‖L(x_i − x_j)‖²)
///
/// y: the targets, or where there are none the numbers of the classes, whose order then matters.
/// The objective reported is this sum; it never rises. It is not convex: what is found depends on
/// the start. Equal targets: the start, with objective 0. Differs from the paper: L-BFGS instead of
/// conjugate gradients. Stopped "converged" when 5 iterations together lower the objective by no
/// more than tolerance of it.
class Mlkr final : public TransformationSolver {
 public:
  Mlkr() : TransformationSolver(1000, 1e-5) {}

  static void describe(Description<Mlkr>& is) {
    is.summary("kernel regression's leave-one-out error on real labels, made least");
    is.source("Weinberger, Tesauro. Metric learning for kernel regression. AISTATS 2007");
    is.cost("O(n² r + n r d) time an iteration, O(n d + n²) memory, from n = 16 000 on O(n d)");
    is.property("labels_are_ordered");
    describe_transformation(is);
  }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "mlkr");
    MlkrObjective objective(problem.X, targets(problem));
    return minimize(problem, "mlkr", std::ref(objective), start(problem, "mlkr"));
  }

 private:
  static Vector targets(const SolverProblem& problem) {
    Vector targets = problem.targets;
    if (targets.size() == 0) {
      if (problem.y.empty())
        throw Error("mlkr learns from targets or class labels, and these data have neither");
      targets.resize(static_cast<std::int64_t>(problem.y.size()));
      for (std::size_t i = 0; i < problem.y.size(); ++i)
        targets[static_cast<std::int64_t>(i)] = problem.y[i];
    }
    if (targets.size() != problem.n())
      throw Error(fmt::format("{} targets for {} examples; each example needs one", targets.size(),
                              problem.n()));
    for (std::int64_t i = 0; i < targets.size(); ++i)
      if (!std::isfinite(targets[i]))
        throw Error(fmt::format("the target of example {} is {}; mlkr needs finite targets", i,
                                targets[i]));
    return targets;
  }
};

METRICLAB_PLUGIN(Mlkr, "mlkr");

}  // namespace
