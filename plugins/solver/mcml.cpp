// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/classical/iterative_solver.hpp>
#include <metriclab/classical/mcml_objective.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// Maximally collapsing metric learning: soft neighbours that are the class, all of it and nothing
/// else,
///
///     minimise over M = LᵀL:  mean over i of [mean over j ≠ i of y_i's class of d²_ij
///                                             + log Σ_{k ≠ i} exp(−d²_ik)],  d_ij = ‖L(x_i − x_j)‖
///
/// which is KL(q_i ‖ p_i) up to a constant, p_ij the softmax of −d²_ij, q_i uniform over the others
/// of the class. Convex in M, so that with as many components as features the start decides nothing
/// but the time it takes; not so with fewer. The objective reported is this mean; it never rises.
/// An example that is alone in its class has no term; every class of one example: an error. Where
/// classes can be collapsed apart the minimum is reached at no finite M. Differs from the paper:
/// L-BFGS on L in place of projected gradient steps on M. Stopped "converged" when 5 iterations
/// together lower the objective by no more than tolerance of it.
class Mcml final : public TransformationSolver {
 public:
  Mcml() : TransformationSolver(500, 1e-6) {}

  static void describe(Description<Mcml>& is) {
    is.summary("each class collapsed to a point, far from the others");
    is.source("Globerson, Roweis. Metric learning by collapsing classes. NIPS 2005");
    is.cost("O(n² r + n r d) time an iteration, O(n d + 256 n) memory");
    describe_transformation(is);
  }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "mcml");
    const std::vector<Indices> members = require_classes(problem, "mcml");
    if (static_cast<std::int64_t>(members.size()) == problem.n())
      throw Error("mcml needs a class with two examples; each of these is of a class of its own");
    const McmlObjective objective(problem.X, problem.y);
    return minimize(problem, "mcml", objective, start(problem, "mcml"));
  }
};

METRICLAB_PLUGIN(Mcml, "mcml");

}  // namespace
