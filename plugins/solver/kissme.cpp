// SPDX-License-Identifier: BSD-3-Clause
#include <Eigen/Cholesky>
#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/classical/scatter.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// Keep it simple and straightforward metric learning: the log-likelihood ratio of a pair being
/// dissimilar or similar, if the differences of either kind are Gaussian around 0.
///
///     M = [S⁻¹ − D⁻¹]₊,  S = mean over similar pairs of (x_i − x_j)(x_i − x_j)ᵀ,  D likewise over
///     dissimilar pairs
///
/// [·]₊: the nearest PSD matrix, negative eigenvalues set to 0. Both means are given a ridge of
/// `regularization` of their own mean eigenvalue, so that they can be inverted. Where similar pairs
/// differ as much as dissimilar ones in every direction M is 0: every distance then is. Closed
/// form; there is no objective.
///
/// Pairs are given, or drawn from the labels, or all pairs of these. No pair of a kind, or all of
/// one kind of equal examples: an error. Differs from the paper: the ridge, where the paper has the
/// data projected on their principal components first.
class Kissme final : public Solver {
 public:
  static void describe(Description<Kissme>& is) {
    is.summary("likelihood ratio of similar and dissimilar differences, both Gaussian");
    is.source(
        "Köstinger, Hirzer, Wohlhart, Roth, Bischof. Large scale metric learning from equivalence "
        "constraints. CVPR 2012");
    is.cost("O(c d² + d³) time for c pairs, O(n d² + d³) for all pairs of labels; O(d²) memory");
    is.parameter("n_constraints", &Kissme::n_constraints,
                 "pairs of either kind to draw from the labels; null takes all their pairs")
        .at_least(1);
    is.parameter("regularization", &Kissme::regularization,
                 "ridge on either scatter, as a part of its mean eigenvalue")
        .above(0);
    describe_kernel(is);
  }

  bool reads_blocks() const override { return true; }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "kissme");
    const PairScatter scatter = require_pair_scatter(problem, n_constraints, "kissme");
    const Matrix difference = inverse(scatter.similar / scatter.n_similar) -
                              inverse(scatter.dissimilar / scatter.n_dissimilar);
    return {.L = factorize(project_psd(difference), 1e-12)};
  }

 private:
  Matrix inverse(Matrix A) const {
    add_ridge(A, regularization);
    const Eigen::LLT<Eigen::MatrixXd> factor(A);
    METRICLAB_CHECK(factor.info() == Eigen::Success, "a scatter with a ridge that is singular");
    const Matrix full = factor.solve(Eigen::MatrixXd::Identity(A.rows(), A.rows()));
    return (full + full.transpose()) / 2;
  }

  std::optional<std::int64_t> n_constraints;
  double regularization = 1e-6;
};

METRICLAB_PLUGIN(Kissme, "kissme");

}  // namespace
