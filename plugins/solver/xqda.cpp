// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/classical/eigenproblem.hpp>
#include <metriclab/classical/scatter.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// Cross-view quadratic discriminant analysis: a subspace and in it the log-likelihood ratio of a
/// pair being of two persons or of one, as in kissme.
///
///     Σ_E w = λ Σ_I w,  Σ_I = mean over similar pairs of (x_i − x_j)(x_i − x_j)ᵀ + ridge,  Σ_E
///     likewise over dissimilar pairs, without a ridge
///
///     M = W·[(WᵀΣ_I W)⁻¹ − (WᵀΣ_E W)⁻¹]·Wᵀ = W·(I − Λ⁻¹)·Wᵀ,  W: the w with λ > 1, WᵀΣ_I W = I
///
/// L has a row √(1 − 1/λ)·w for each, by falling λ, at most `components`. The objective is Σ log λ
/// over them. No λ above 1: an error, as similar pairs then differ more than dissimilar ones in
/// every direction. Σ_I is inverted on its range.
///
/// For people seen by several cameras give the pairs across cameras; without pairs all those of the
/// labels are taken, from class means and scatter. No pair of a kind, or all of one kind of equal
/// examples: an error. Differs from the paper: the ridge is relative to the mean eigenvalue of Σ_I,
/// where the paper adds 0.001·I to features of unit length.
class Xqda final : public Solver {
 public:
  static void describe(Description<Xqda>& is) {
    is.summary("a subspace in which dissimilar pairs differ more, and the likelihood ratio in it");
    is.source(
        "Liao, Hu, Zhu, Li. Person re-identification by local maximal occurrence representation "
        "and metric learning. CVPR 2015");
    is.cost("O(c d² + d³) time for c pairs, O(n d² + d³) for all pairs of labels; O(d²) memory");
    is.parameter("components", &Xqda::components, "rows of L at most; null is every λ above 1")
        .at_least(1);
    is.parameter("n_constraints", &Xqda::n_constraints,
                 "pairs of either kind to draw from the labels; null takes all their pairs")
        .at_least(1);
    is.parameter("regularization", &Xqda::regularization,
                 "ridge on the similar pairs' scatter, as a part of its mean eigenvalue")
        .at_least(0);
    describe_kernel(is);
  }

  bool reads_blocks() const override { return true; }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "xqda");
    PairScatter scatter = require_pair_scatter(problem, n_constraints, "xqda");
    Matrix intra = scatter.similar / scatter.n_similar;
    add_ridge(intra, regularization);
    const Matrix whitened = whitening(intra);
    const SymmetricEigen extra = symmetric_eigen(
        whitened * (scatter.dissimilar / scatter.n_dissimilar) * whitened.transpose());
    const std::int64_t above =
        std::count_if(extra.values.begin(), extra.values.end(), [](double v) { return v > 1; });
    if (above == 0)
      throw Error(
          "xqda needs a direction in which dissimilar pairs differ more than similar ones; here "
          "there is none");
    const std::int64_t r = std::min(above, components.value_or(above));
    const Vector lambda = extra.values.head(r);
    Solution solution{.L = (1 - lambda.array().inverse()).sqrt().matrix().asDiagonal() *
                           extra.vectors.topRows(r) * whitened};
    solution.objective = lambda.array().log().sum();
    return solution;
  }

 private:
  std::optional<std::int64_t> components, n_constraints;
  double regularization = 1e-3;
};

METRICLAB_PLUGIN(Xqda, "xqda");

}  // namespace
