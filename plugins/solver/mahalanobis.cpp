// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// The Mahalanobis distance in the narrow sense: M is the inverse of the covariance of all
/// examples.
///
///     M = C⁺,  C = (1 − s)·S + s·(tr(S)/d)·I,  S = XcᵀXc/(n − 1)
///
/// s: `shrinkage`, or Ledoit and Wolf's estimate. Labels are not used. C⁺ leaves out directions
/// whose variance is below max(n, d)·2⁻⁵² of the largest (constant features, d ≥ n), so L is (rank
/// × d). All examples equal: an error.
class Mahalanobis final : public Solver {
 public:
  static void describe(Description<Mahalanobis>& is) {
    is.summary("the inverse covariance of the features, plain or shrunk");
    is.source(
        "Mahalanobis. On the generalised distance in statistics. Proceedings of the National "
        "Institute of Sciences of India 1936");
    is.source(
        "Ledoit, Wolf. A well-conditioned estimator for large-dimensional covariance matrices. "
        "Journal of Multivariate Analysis 2004");
    is.cost("O(n d² + d³) time, O(d²) memory");
    is.parameter("shrinkage", &Mahalanobis::shrinkage,
                 "part of the multiple of the identity that is mixed into the covariance; 0 is the "
                 "plain (pseudo-)inverse, null Ledoit and Wolf's estimate")
        .at_least(0)
        .at_most(1);
  }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "mahalanobis");
    Matrix C = covariance(problem.X);
    const double part = shrinkage ? *shrinkage : ledoit_wolf_shrinkage(problem.X);
    const double scale = C.trace() / static_cast<double>(problem.d());
    C *= 1 - part;
    C.diagonal().array() += part * scale;
    const SymmetricEigen eigen = symmetric_eigen(C);
    const double rounding = std::numeric_limits<double>::epsilon() *
                            static_cast<double>(std::max(problem.n(), problem.d()));
    const std::int64_t rank = scale > 0 ? numerical_rank(eigen.values.cwiseMax(0), rounding) : 0;
    if (rank == 0) throw Error("mahalanobis needs examples that differ; all of these are equal");
    return {.L = eigen.values.head(rank).cwiseSqrt().cwiseInverse().asDiagonal() *
                 eigen.vectors.topRows(rank)};
  }

 private:
  std::optional<double> shrinkage = 0.0;
};

METRICLAB_PLUGIN(Mahalanobis, "mahalanobis");

}  // namespace
