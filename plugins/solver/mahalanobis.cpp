// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/classical/minimum_covariance.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// The Mahalanobis distance in the narrow sense: M is the inverse of the covariance of all
/// examples.
///
///     M = C⁺,  C = (1 − s)·S + s·(tr(S)/d)·I
///
/// S: with `estimator` "empirical" XcᵀXc/(n − 1); with "mcd" the covariance that outliers don't
/// reach, the reweighted minimum covariance determinant of minimum_covariance.hpp. s: `shrinkage`,
/// or Ledoit and Wolf's estimate (for "mcd" on its inliers). Labels are not used. C⁺ leaves out
/// directions whose variance is below max(n, d)·2⁻⁵² of the largest (constant features, d ≥ n), so
/// L is (rank × d). All examples equal: an error. "mcd" draws at random; n ≤ 2d, a constant
/// feature, or half of the examples in a hyperplane are errors there.
class Mahalanobis final : public Solver {
 public:
  static void describe(Description<Mahalanobis>& is) {
    is.summary("the inverse covariance of the features: plain, shrunk, or without outliers");
    is.source(
        "Mahalanobis. On the generalised distance in statistics. Proceedings of the National "
        "Institute of Sciences of India 1936");
    is.source(
        "Ledoit, Wolf. A well-conditioned estimator for large-dimensional covariance matrices. "
        "Journal of Multivariate Analysis 2004");
    is.source(
        "Rousseeuw, Van Driessen. A fast algorithm for the minimum covariance determinant "
        "estimator. Technometrics 1999");
    is.cost("O(n d² + d³) time, O(d²) memory; mcd: O((min(n, 1500) n_starts + n) d²) time");
    is.parameter("estimator", &Mahalanobis::estimator,
                 "of the covariance: of all examples, or of those that are no outliers")
        .one_of({"empirical", "mcd"});
    is.parameter("shrinkage", &Mahalanobis::shrinkage,
                 "part of the multiple of the identity that is mixed into the covariance; 0 is the "
                 "plain (pseudo-)inverse, null Ledoit and Wolf's estimate")
        .at_least(0)
        .at_most(1);
    is.parameter("support_fraction", &Mahalanobis::support_fraction,
                 "part of the examples whose covariance is to have the least determinant; null is "
                 "(n + d + 1)/(2n), which withstands the most outliers")
        .at_least(0.5)
        .at_most(1)
        .unused_when("estimator", "empirical");
    is.parameter("n_starts", &Mahalanobis::n_starts, "random starts of the search for these")
        .at_least(1)
        .unused_when("estimator", "empirical");
    describe_kernel(is);
  }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "mahalanobis");
    Matrix C;
    double part = 0;
    if (estimator == "mcd") {
      RobustCovariance robust = minimum_covariance_determinant(
          problem.X, support_fraction, n_starts, problem.random.child("mcd"), "mahalanobis");
      C = std::move(robust.covariance);
      part = shrinkage ? *shrinkage : ledoit_wolf_shrinkage(problem.X(robust.inliers, Eigen::all));
    } else {
      C = covariance(problem.X);
      part = shrinkage ? *shrinkage : ledoit_wolf_shrinkage(problem.X);
    }
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
  std::string estimator = "empirical";
  std::optional<double> shrinkage = 0.0, support_fraction;
  std::int64_t n_starts = 500;
};

METRICLAB_PLUGIN(Mahalanobis, "mahalanobis");

}  // namespace
