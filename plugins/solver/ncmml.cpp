// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/classical/class_mean_objective.hpp>
#include <metriclab/classical/iterative_solver.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// Nearest class mean metric learning: maximises the likelihood of the classes given by the
/// distances from their means,
///
///     mean over i of log p(y_i | x_i),  p(c | x) = exp(−½‖L(x − m_c)‖²) / Σ_c' exp(−½‖L(x −
///     m_c')‖²)
///
/// over L (r × d); m_c: the means of the classes in the input space. The objective reported is this
/// mean, at most 0; it never falls. It is not concave in L. Where a linear map separates the
/// classes its supremum 0 is reached at no finite L; the iteration then ends by max_iterations or
/// tolerance. One class: an error. Differs from the paper: L-BFGS over all examples instead of
/// stochastic gradient steps. Stopped "converged" when 5 iterations together raise the objective by
/// no more than tolerance of it.
class Ncmml final : public TransformationSolver {
 public:
  Ncmml() : TransformationSolver(200, 1e-5) {}

  static void describe(Description<Ncmml>& is) {
    is.summary("likelihood of the classes by distances from their means");
    is.source(
        "Mensink, Verbeek, Perronnin, Csurka. Distance-based image classification: generalizing to "
        "new classes at near-zero cost. IEEE Transactions on Pattern Analysis and Machine "
        "Intelligence 2013");
    is.cost("O(n d C + C d r) time an iteration for C classes, O(n (d + C)) memory");
    describe_transformation(is);
  }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "ncmml");
    const std::vector<Indices> members = require_classes(problem, "ncmml");
    Matrix means(static_cast<std::int64_t>(members.size()), problem.d());
    std::vector<std::int32_t> classes;
    for (const Indices& of : members) {
      means.row(static_cast<std::int64_t>(classes.size())) =
          mean(problem.X(of, Eigen::all)).transpose();
      classes.push_back(problem.y[static_cast<std::size_t>(of[0])]);
    }
    const ClassMeanObjective objective(problem.X, problem.y, means, classes);
    return maximize(problem, "ncmml", objective, start(problem, "ncmml"));
  }
};

METRICLAB_PLUGIN(Ncmml, "ncmml");

}  // namespace
