// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/classical/iterative_solver.hpp>
#include <metriclab/classical/lbfgs.hpp>
#include <metriclab/classical/lmnn_objective.hpp>
#include <metriclab/classical/multi_metric_objective.hpp>
#include <metriclab/classical/supervision.hpp>
#include <metriclab/data/npy.hpp>

namespace {

using namespace metriclab;

/// Multi-metric large-margin nearest neighbours: a metric for each class, so that what makes a
/// class different from the others may be another thing for each.
///
///     minimise over L_1 … L_C (r × d):
///     (1 − μ)·Σ_{i, j in T(i)} d²_ij + μ·Σ_{i, j in T(i), l: y_l ≠ y_i} [1 + d²_ij − d²_il]₊
///     d_ij = ‖L_c(x_i − x_j)‖,  c the class of j: the metric is that of the example one compares
///     to
///
/// T(i), μ = push_weight, and the sums as in lmnn. First lmnn's problem is solved, which is this
/// one with all L_c equal, then this one from there, both by L-BFGS; an iteration is one of either.
/// The objective reported is the sum above; it never rises. A class that has no example in the
/// training part has the common metric. Not convex in L, though it is in the M_c.
///
/// The model embeds by each class's L in turn and is compared by the class of the gallery's example
/// (the distance "by_class"), which evaluators that classify by the training part go by. Errors as
/// lmnn's.
class MmLmnn final : public TransformationSolver {
 public:
  MmLmnn() : TransformationSolver(1000, 1e-4) {}

  static void describe(Description<MmLmnn>& is) {
    is.summary("large-margin nearest neighbours with a metric for each class");
    is.source(
        "Weinberger, Saul. Fast solvers and efficient implementations for distance metric "
        "learning. "
        "ICML 2008");
    is.source(
        "Weinberger, Saul. Distance metric learning for large margin nearest neighbor "
        "classification. Journal of Machine Learning Research 2009, section 6.1");
    is.cost(
        "O(n² d + i (n² r + C n r d)) time for i iterations and C classes, O(n d + C r d) memory");
    is.parameter("n_neighbors", &MmLmnn::n_neighbors, "target neighbours of each example")
        .at_least(1);
    is.parameter("push_weight", &MmLmnn::push_weight,
                 "weight of the impostors' part (the paper's mu); one less it is that of the "
                 "targets' part")
        .above(0)
        .below(1);
    describe_start(is);
    describe_limits(is,
                    "stops when 5 iterations together better the objective by no more than this "
                    "part of it");
  }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "mm_lmnn");
    const std::vector<Indices> members = require_classes(problem, "mm_lmnn");
    if (static_cast<std::int64_t>(members.size()) == problem.n())
      throw Error(
          "mm_lmnn needs a class with two examples to find target neighbours in; each of these is "
          "of "
          "a class of its own");
    const std::vector<Indices> targets = target_neighbors(problem.X, problem.y, n_neighbors);
    Iterations iterations(problem, "mm_lmnn", max_iterations, time_limit);
    LmnnObjective common(problem.X, problem.y, targets, push_weight);
    Matrix L = start(problem, "mm_lmnn"), gradient(L.rows(), L.cols());
    iterations.begin(common(L, gradient));
    L = minimize_lbfgs(std::ref(common), std::move(L), options(iterations)).x;

    const std::int64_t n_classes = problem.n_classes();
    L = L.replicate(n_classes, 1).eval();
    if (iterations.go_on()) {
      MultiMetricObjective objective(problem.X, problem.y, n_classes, targets, push_weight);
      Minimum second = minimize_lbfgs(std::ref(objective), std::move(L), options(iterations));
      if (second.stopped == "converged") iterations.converged();
      L = std::move(second.x);
    }
    Solution solution = std::move(iterations).solution({});
    solution.model = std::make_unique<LinearModel>(std::move(L), Distance::by_class);
    return solution;
  }

  std::unique_ptr<Model> restore(const std::filesystem::path& folder) const override {
    return std::make_unique<LinearModel>(read_npy_matrix(folder / "L.npy"), Distance::by_class);
  }

 private:
  LbfgsOptions options(Iterations& iterations) const {
    return {.max_iterations = max_iterations - iterations.count(),
            .tolerance = tolerance,
            .go_on = [&](double value) {
              iterations.end_one(value);
              return !iterations.out_of_time();
            }};
  }

  std::int64_t n_neighbors = 3;
  double push_weight = 0.5;
};

METRICLAB_PLUGIN(MmLmnn, "mm_lmnn");

}  // namespace
