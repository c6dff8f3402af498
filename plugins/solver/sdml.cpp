// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/classical/eigenproblem.hpp>
#include <metriclab/classical/graphical_lasso.hpp>
#include <metriclab/classical/iterative_solver.hpp>
#include <metriclab/classical/scatter.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// Sparse distance metric learning: a sparse M near to a prior M₀ under which similar pairs are
/// near and dissimilar pairs far.
///
///     minimise over M:  tr(PM) − log det M + sparsity_param·Σ_{i ≠ j} |M_ij|
///     P = M₀⁻¹ + balance_param·(Σ_S vvᵀ − Σ_D vvᵀ)
///
/// S, D: the similar and the dissimilar pairs, v (d): the difference of a pair; sums, not means, so
/// that balance_param weighs one pair. The objective reported is what is minimised; it never rises,
/// and where "converged" it is above the least by no more than `tolerance`, which duality proves,
/// or rounding leaves no step that lowers it.
///
/// Where dissimilar pairs outweigh the rest, P is not positive definite and the problem has no
/// minimum. P then stands for the nearest matrix, in Frobenius norm, whose eigenvalues are
/// least_eigenvalue of the mean eigenvalue of M₀⁻¹ or more (and 10⁻¹⁰ of its own largest): M is
/// large, and bounded, in the directions in which dissimilar pairs win.
///
/// Pairs are given, or drawn from the labels: n_constraints of either kind, or all where there are
/// fewer. A constant feature has the prior's weight, or the greatest there is with the prior
/// "covariance". All examples equal with that prior: an error.
///
/// Differs from the paper: a P that is not positive definite, as above; and Newton steps in place
/// of block coordinate descent for the graphical lasso, which come to the same M.
class Sdml final : public IterativeSolver {
 public:
  Sdml() : IterativeSolver(100, 1e-6) {}

  static void describe(Description<Sdml>& is) {
    is.summary("a sparse metric near a prior that keeps similar pairs near and others far");
    is.source(
        "Qi, Tang, Zha, Chua, Zhang. An efficient sparse metric learning in high-dimensional space "
        "via l1-penalized log-determinant regularization. ICML 2009");
    is.cost("O(c d²) time once for c pairs, O(d³) a sweep of an iteration; O(c d + d²) memory");
    is.parameter("balance_param", &Sdml::balance_param, "weight of a pair beside the prior")
        .above(0);
    is.parameter("sparsity_param", &Sdml::sparsity_param,
                 "weight of the entries of M off its diagonal: the larger, the fewer")
        .at_least(0);
    is.parameter("prior", &Sdml::prior, "M₀; \"covariance\" is the inverse covariance")
        .one_of(initial_metric_names());
    is.parameter("n_constraints", &Sdml::n_constraints,
                 "pairs of either kind to draw from the labels; null is 20·classes²")
        .at_least(1);
    is.parameter("least_eigenvalue", &Sdml::least_eigenvalue,
                 "of P, as a part of the mean one of the prior's inverse; lesser ones are raised")
        .above(0)
        .at_most(1);
    describe_limits(is, "how far above the least objective is near enough");
  }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "sdml");
    const std::vector<LabelledPair> pairs = require_pairs(problem, n_constraints, "sdml");
    Matrix P = inverse_prior(problem);
    const double floor = least_eigenvalue * P.trace() / static_cast<double>(problem.d());
    if (!(floor > 0))
      throw Error("the covariance of these examples is 0; take \"identity\"").in("prior");
    for (bool similar : {true, false})
      P += (similar ? balance_param : -balance_param) *
           gram(pair_differences(problem, pairs, similar));
    const SymmetricEigen eigen = symmetric_eigen(P);
    const double least = std::max(floor, 1e-10 * eigen.values[0]);
    if (eigen.values[eigen.values.size() - 1] < least)
      P = eigen.vectors.transpose() * eigen.values.cwiseMax(least).asDiagonal() * eigen.vectors;

    Iterations iterations(problem, "sdml", max_iterations, time_limit);
    GraphicalLasso found = graphical_lasso(
        P, sparsity_param,
        {.max_iterations = max_iterations, .tolerance = tolerance, .go_on = [&](double value) {
           iterations.end_one(value);
           return !iterations.out_of_time();
         }});
    return {.L = factorize(found.M),
            .objective = found.value,
            .iterations = found.iterations,
            .stopped = std::move(found.stopped),
            .objectives = std::move(found.values)};
  }

 private:
  /// M₀⁻¹; a covariance need not be regular for it.
  Matrix inverse_prior(const SolverProblem& problem) const {
    if (prior == "covariance") return covariance(problem.X);
    const Matrix M = initial_metric(prior, problem, "prior");
    if (prior == "identity") return M;
    const SymmetricEigen eigen = symmetric_eigen(M);
    return eigen.vectors.transpose() *
           eigen.values.cwiseMax(1e-10 * eigen.values[0]).cwiseInverse().asDiagonal() *
           eigen.vectors;
  }

  double balance_param = 0.5, sparsity_param = 0.01;
  std::string prior = "identity";
  std::optional<std::int64_t> n_constraints;
  double least_eigenvalue = 1e-3;
};

METRICLAB_PLUGIN(Sdml, "sdml");

}  // namespace
