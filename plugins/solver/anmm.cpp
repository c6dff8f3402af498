// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/classical/eigenproblem.hpp>
#include <metriclab/classical/neighborhoods.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// Average neighbourhood margin maximisation: the directions along which the nearest examples of
/// other classes are farther than those of the same class, on average.
///
///     maximise over L (r × d), L Lᵀ = I:  tr(L (S − C) Lᵀ)
///     S = Σ_i Σ_{j in E(i)} (x_i − x_j)(x_i − x_j)ᵀ / |E(i)|,  C the same over F(i)
///
/// squared distances; F(i): the n_friends nearest examples of x_i's class, E(i): the n_enemies
/// nearest of other classes, in the input space, ties by index, fewer where there are not that
/// many; an example that is alone in its class has no friends and adds nothing to C. L's rows are
/// the leading eigenvectors of S − C; with `components` null those of positive eigenvalues, where
/// the margin is positive (the greatest one where there is none), which maximises the margin over
/// all r. The objective is this margin, the sum of the eigenvalues kept. One class: an error.
class Anmm final : public Solver {
 public:
  static void describe(Description<Anmm>& is) {
    is.summary(
        "directions in which near examples of other classes are farther than those of one's own");
    is.source(
        "Wang, Zhang. Feature extraction by maximizing the average neighborhood margin. CVPR 2007");
    is.cost("O(n² d + n k d² + d³) time for k neighbours, O(n d + d²) memory");
    is.parameter("components", &Anmm::components, "dimensions kept; null is all of positive margin")
        .at_least(1);
    is.parameter("n_friends", &Anmm::n_friends, "nearest examples of the same class").at_least(1);
    is.parameter("n_enemies", &Anmm::n_enemies, "nearest examples of other classes").at_least(1);
    describe_kernel(is);
  }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "anmm");
    const std::vector<Indices> members = require_classes(problem, "anmm");
    require_components(components, problem.d(), "the number of features");
    const NeighborScatter scatter = neighbor_scatter(problem.X, members, n_friends, n_enemies);
    const Matrix margin = scatter.enemies - scatter.friends;
    const SymmetricEigen eigen =
        components ? leading_eigen(margin, *components) : symmetric_eigen(margin);
    const std::int64_t positive = (eigen.values.array() > 0).count();
    const std::int64_t r = components.value_or(std::max<std::int64_t>(positive, 1));
    return {.L = eigen.vectors.topRows(r), .objective = eigen.values.head(r).sum()};
  }

 private:
  std::optional<std::int64_t> components;
  std::int64_t n_friends = 3;
  std::int64_t n_enemies = 1;
};

METRICLAB_PLUGIN(Anmm, "anmm");

}  // namespace
