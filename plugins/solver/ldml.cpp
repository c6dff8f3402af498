// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/classical/iterative_solver.hpp>
#include <metriclab/classical/ldml_objective.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// Logistic discriminant metric learning: the probability of a pair being similar falls with its
/// distance,
///
///     maximise over M = LᵀL, b:  mean over pairs of log p(t_ij),
///     p(similar) = σ(b − d²_ij),  σ(z) = 1/(1 + exp(−z)),  d_ij = ‖L(x_i − x_j)‖
///
/// over the given pairs, or all pairs of the labels, or n_constraints of either kind drawn from
/// these. Concave in M and b, so that with as many components as features the start decides nothing
/// but the time it takes. The objective reported is this mean, at most 0; it never falls. Where
/// pairs can be told apart by a threshold its supremum 0 is reached at no finite M. b begins where
/// it is best for the start's distances but for their spread: at the mean distance, which is never
/// below 0. Only one kind of pair: an error.
///
/// Differs from the paper: L-BFGS on L and b in place of projected gradient steps on M; the mean in
/// place of the sum. Stopped "converged" when 5 iterations together raise the objective by no more
/// than tolerance of it.
class Ldml final : public TransformationSolver {
 public:
  Ldml() : TransformationSolver(500, 1e-5) {}

  static void describe(Description<Ldml>& is) {
    is.summary("logistic regression of pairs being similar on their distance");
    is.source(
        "Guillaumin, Verbeek, Schmid. Is that you? Metric learning approaches for face "
        "identification. ICCV 2009");
    is.cost(
        "O(n² r + n r d) time an iteration for all pairs, O(c r + n r d) for c of them; O(n d + c) "
        "memory");
    is.parameter("n_constraints", &Ldml::n_constraints,
                 "pairs of either kind to draw from the labels; null takes all their pairs")
        .at_least(1);
    describe_transformation(is);
  }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "ldml");
    LdmlObjective objective =
        problem.pairs.empty() && !n_constraints ? of_labels(problem) : of_pairs(problem);
    // L-BFGS works on (L, b) as one row.
    const Matrix L = start(problem, "ldml");
    Matrix variables(1, L.size() + 1);
    variables.leftCols(L.size()) = L.reshaped<Eigen::RowMajor>().transpose();
    variables(0, L.size()) = objective.mean_distance(L);
    auto value = [&](const Matrix& at, Matrix& gradient) {
      const Matrix here = at.leftCols(L.size()).reshaped<Eigen::RowMajor>(L.rows(), L.cols());
      Matrix by_L;
      double by_b = 0;
      const double found = objective(here, at(0, L.size()), by_L, by_b);
      gradient.leftCols(L.size()) = by_L.reshaped<Eigen::RowMajor>().transpose();
      gradient(0, L.size()) = by_b;
      return found;
    };
    Solution solution = maximize(problem, "ldml", value, variables);
    solution.L =
        Matrix(solution.L.leftCols(L.size()).reshaped<Eigen::RowMajor>(L.rows(), L.cols()));
    return solution;
  }

 private:
  static LdmlObjective of_labels(const SolverProblem& problem) {
    const std::vector<Indices> members = require_classes(problem, "ldml");
    if (static_cast<std::int64_t>(members.size()) == problem.n())
      throw Error("ldml needs a class with two examples; each of these is of a class of its own");
    return LdmlObjective(problem.X, problem.y);
  }

  LdmlObjective of_pairs(const SolverProblem& problem) const {
    const std::vector<LabelledPair> pairs = require_pairs(problem, n_constraints, "ldml");
    for (const bool similar : {true, false})
      if (std::none_of(pairs.begin(), pairs.end(),
                       [&](const LabelledPair& pair) { return pair.similar == similar; }))
        throw Error(fmt::format("ldml needs {} pairs as well; there are none",
                                similar ? "similar" : "dissimilar"));
    return LdmlObjective(problem.X, pairs);
  }

  std::optional<std::int64_t> n_constraints;
};

METRICLAB_PLUGIN(Ldml, "ldml");

}  // namespace
