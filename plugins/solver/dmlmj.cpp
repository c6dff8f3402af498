// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/classical/eigenproblem.hpp>
#include <metriclab/classical/neighborhoods.hpp>
#include <metriclab/classical/supervision.hpp>
#include <numeric>

namespace {

using namespace metriclab;

/// Distance metric learning by maximising the Jeffrey divergence between the distributions of
/// differences to near examples of the same class and of other classes, both taken as normal
/// around 0.
///
///     D w = λ S w,  L S Lᵀ = I,  rows by falling λ + 1/λ
///     S = mean over i of Σ_{j in F(i)} (x_i − x_j)(x_i − x_j)ᵀ / |F(i)|,  D the same over E(i)
///
/// F(i), E(i): the n_neighbors nearest examples of x_i's class and of other classes, in the input
/// space, ties by index, fewer where there are not that many; examples alone in their class are not
/// in the first mean. With all rows M = S⁻¹. To S and D this part of their mean diagonal is added
/// to the diagonal: `regularization`. S is inverted on its range, features scaled by its diagonal
/// (not with a kernel), where that is of eigenvalues above 10⁻¹⁰ of the largest: directions in
/// which friends are equal are left out. The objective is ½·Σ (λ + 1/λ) − r, the divergence along
/// the rows kept, λ taken to be at least 10⁻¹⁰ of the greatest. Errors: one class; no class with
/// two examples that differ.
class Dmlmj final : public Solver {
 public:
  static void describe(Description<Dmlmj>& is) {
    is.summary("directions in which differences within and between classes are spread otherwise");
    is.source(
        "Nguyen, Morell, De Baets. Supervised distance metric learning through maximization of the "
        "Jeffrey divergence. Pattern Recognition 2017");
    is.cost("O(n² d + n k d² + d³) time for k neighbours, O(n d + d²) memory");
    is.parameter("components", &Dmlmj::components,
                 "dimensions kept; null is all that friends differ in")
        .at_least(1);
    is.parameter("n_neighbors", &Dmlmj::n_neighbors, "nearest examples of either kind").at_least(1);
    is.parameter("regularization", &Dmlmj::regularization,
                 "what is added to the diagonals of S and D, as a part of their means; null is 0, "
                 "and 0.001 with a kernel")
        .at_least(0);
    describe_kernel(is);
  }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "dmlmj");
    const std::vector<Indices> members = require_classes(problem, "dmlmj");
    NeighborScatter scatter = neighbor_scatter(problem.X, members, n_neighbors, n_neighbors);
    if (!(scatter.friends.trace() > 0))
      throw Error("dmlmj needs a class with two examples that differ; here is none");
    scatter.friends /= static_cast<double>(scatter.n_friends);
    scatter.enemies /= static_cast<double>(scatter.n_enemies);
    const double part = regularization.value_or(kernel ? 1e-3 : 0);
    for (Matrix* sum : {&scatter.friends, &scatter.enemies})
      sum->diagonal().array() += part * sum->diagonal().mean();
    const SymmetricEigen all =
        generalized_eigen(scatter.enemies, RangeInverse(scatter.friends, !kernel), problem.d());
    const std::int64_t r = require_components(components, all.values.size(),
                                              "the rank of the differences within classes");
    const double least = 1e-10 * all.values[0];
    const Vector ratio = all.values.cwiseMax(least > 0 ? least : 1);
    const Vector divergence = (ratio.array() + ratio.array().inverse()) / 2 - 1;
    Indices order(static_cast<std::size_t>(ratio.size()));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::int64_t a, std::int64_t b) { return divergence[a] > divergence[b]; });
    order.resize(static_cast<std::size_t>(r));
    return {.L = all.vectors(order, Eigen::all), .objective = divergence(order).sum()};
  }

 private:
  std::optional<std::int64_t> components;
  std::int64_t n_neighbors = 3;
  std::optional<double> regularization;
};

METRICLAB_PLUGIN(Dmlmj, "dmlmj");

}  // namespace
