// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/classical/class_mean_objective.hpp>
#include <metriclab/classical/iterative_solver.hpp>
#include <metriclab/classical/supervision.hpp>
#include <metriclab/neighbors/k_means.hpp>

namespace {

using namespace metriclab;

/// Nearest class with multiple centroids: maximises the likelihood of the classes given by the
/// distances from several centroids of each,
///
///     mean over i of log p(y_i | x_i),  p(c | x) = Σ_{j of c} exp(−½‖L(x − m_j)‖²) / Σ_k
///     exp(−½‖L(x − m_k)‖²)
///
/// over L (r × d); m_j: the centres of k-means within each class, in the input space, found once
/// and at random from the solver's stream; no more of a class than it has different examples. With
/// one centroid a class this is ncmml. The objective reported is this mean, at most 0; it never
/// falls. Where classes can be separated its supremum 0 is reached at no finite L. One class: an
/// error. Differs from the paper: L-BFGS over all examples instead of stochastic gradient steps.
/// Stopped "converged" when 5 iterations together raise the objective by no more than tolerance of
/// it.
class Ncmc final : public TransformationSolver {
 public:
  Ncmc() : TransformationSolver(200, 1e-5) {}

  static void describe(Description<Ncmc>& is) {
    is.summary("likelihood of the classes by distances from several centroids of each");
    is.source(
        "Mensink, Verbeek, Perronnin, Csurka. Distance-based image classification: generalizing to "
        "new classes at near-zero cost. IEEE Transactions on Pattern Analysis and Machine "
        "Intelligence 2013, section 3.3");
    is.cost(
        "O(n d K + K d r) time an iteration for K centroids, once n_init times O(n d centroids) a "
        "step of k-means; O(n (d + K)) memory");
    is.parameter("centroids", &Ncmc::centroids, "centroids of each class").at_least(1);
    is.parameter("n_init", &Ncmc::n_init, "how many times k-means starts afresh in each class")
        .at_least(1);
    describe_transformation(is);
  }

  Solution learn(const SolverProblem& problem) override {
    constexpr std::int64_t kSteps = 300;  // of k-means; a few dozen suffice
    require_features(problem, "ncmc");
    const std::vector<Indices> members = require_classes(problem, "ncmc");
    std::vector<Matrix> found;
    std::vector<std::int32_t> classes;
    const Random random = problem.random.child("centroids");
    for (const Indices& of : members) {
      found.push_back(k_means(problem.X(of, Eigen::all), centroids, n_init, kSteps,
                              random.child(static_cast<std::uint64_t>(found.size())))
                          .centres);
      classes.resize(classes.size() + static_cast<std::size_t>(found.back().rows()),
                     problem.y[static_cast<std::size_t>(of[0])]);
    }
    Matrix all(static_cast<std::int64_t>(classes.size()), problem.d());
    std::int64_t row = 0;
    for (const Matrix& centres : found) {
      all.middleRows(row, centres.rows()) = centres;
      row += centres.rows();
    }
    const ClassMeanObjective objective(problem.X, problem.y, all, classes);
    return maximize(problem, "ncmc", objective, start(problem, "ncmc"));
  }

 private:
  std::int64_t centroids = 3;
  std::int64_t n_init = 3;
};

METRICLAB_PLUGIN(Ncmc, "ncmc");

}  // namespace
