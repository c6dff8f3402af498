// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <metriclab/classical/lbfgs.hpp>
#include <metriclab/classical/nca_objective.hpp>
#include <metriclab/classical/projections.hpp>
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
class Nca final : public Solver {
 public:
  static void describe(Description<Nca>& is) {
    is.summary("neighbourhood components: expected accuracy of a stochastic nearest neighbour");
    is.source(
        "Goldberger, Roweis, Hinton, Salakhutdinov. Neighbourhood components analysis. NIPS 2004");
    is.cost("O(n² r + n r d) time an iteration, O(n d + 256 n) memory");
    is.parameter("components", &Nca::components, "rows of L; null is as many as features")
        .at_least(1);
    is.parameter("init", &Nca::init, "where L begins").one_of(initial_transformation_names());
    is.parameter("max_iterations", &Nca::max_iterations, "iterations at most").at_least(1);
    is.parameter(
          "tolerance", &Nca::tolerance,
          "stops when 5 iterations together raise the objective by no more than this part of it")
        .at_least(0);
  }

  Solution solve(const SolverProblem& problem) override {
    require_features(problem, "nca");
    const std::vector<Indices> members = require_classes(problem, "nca");
    if (static_cast<std::int64_t>(members.size()) == problem.n())
      throw Error("nca needs a class with two examples; each of these is of a class of its own");
    const Matrix start = initial_transformation(init, problem, components, "nca");
    const NcaObjective objective(problem.X, problem.y);
    const LbfgsOptions options{
        .max_iterations = max_iterations,
        .tolerance = tolerance,
        .progress = [&](std::int64_t iteration, double value) {
          if (problem.progress)
            problem.progress(static_cast<double>(iteration) / static_cast<double>(max_iterations),
                             fmt::format("nca: iteration {}, objective {:.6g}", iteration, -value));
        }};
    auto negative = [&](const Matrix& L, Matrix& gradient) {
      const double value = objective(L, gradient);
      gradient = -gradient;
      return -value;
    };
    Minimum minimum = minimize_lbfgs(negative, start, options);
    for (double& value : minimum.values) value = -value;
    return {.L = std::move(minimum.x),
            .objective = -minimum.value,
            .iterations = minimum.iterations,
            .stopped = std::move(minimum.stopped),
            .objectives = std::move(minimum.values)};
  }

 private:
  std::optional<std::int64_t> components;
  std::string init = "auto";
  std::int64_t max_iterations = 200;
  double tolerance = 1e-6;
};

METRICLAB_PLUGIN(Nca, "nca");

}  // namespace
