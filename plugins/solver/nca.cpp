// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/classical/iterative_solver.hpp>
#include <metriclab/classical/nca_objective.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// Neighbourhood components analysis: maximises the expected leave-one-out accuracy of a stochastic
/// neighbour,
///
///     mean over i of Σ_{j ≠ i, y_j = y_i} p_ij,  p_ij = exp(−‖L(x_i − x_j)‖²) / Σ_{k ≠ i}
///     exp(−‖L(x_i − x_k)‖²)
///
/// over L (r × d). The objective reported is this mean, in 0 … 1; it never falls. It is not
/// concave: what is found depends on the start. An example that is alone in its class counts as 0;
/// every class of one example: an error. Differs from the paper: L-BFGS instead of conjugate
/// gradients, and the mean instead of the sum. Stopped "converged" when 5 iterations together raise
/// the objective by no more than tolerance of it.
class Nca final : public TransformationSolver {
 public:
  Nca() : TransformationSolver(200, 1e-7) {}

  static void describe(Description<Nca>& is) {
    is.summary("neighbourhood components: expected accuracy of a stochastic nearest neighbour");
    is.source(
        "Goldberger, Roweis, Hinton, Salakhutdinov. Neighbourhood components analysis. NIPS 2004");
    is.cost("O(n² r + n r d) time an iteration, O(n d + 256 n) memory");
    describe_transformation(is);
  }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "nca");
    const std::vector<Indices> members = require_classes(problem, "nca");
    if (static_cast<std::int64_t>(members.size()) == problem.n())
      throw Error("nca needs a class with two examples; each of these is of a class of its own");
    NcaObjective objective(problem.X, problem.y);
    return maximize(problem, "nca", std::ref(objective), start(problem, "nca"));
  }
};

METRICLAB_PLUGIN(Nca, "nca");

}  // namespace
