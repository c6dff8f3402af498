// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/classical/iterative_solver.hpp>
#include <metriclab/classical/lbfgs.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// Information-theoretic metric learning: the metric nearest to a prior M₀ under which similar
/// pairs are near and dissimilar pairs far, up to slack.
///
///     minimise over M, ξ:  D(M, M₀) + γ·Σ_k (ξ_k/ξ⁰_k − log(ξ_k/ξ⁰_k) − 1),  D(M, M₀) = tr(M M₀⁻¹)
///     − log det(M M₀⁻¹) − d subject to  d²_k ≤ ξ_k for similar pairs (ξ⁰ = u),  d²_k ≥ ξ_k for
///     dissimilar pairs (ξ⁰ = l),  d²_k = v_kᵀ M v_k
///
/// The optimum is unique. For a given M the best ξ is ξ⁰ where the constraint holds with it, and
/// d² otherwise, so what is left to minimise is smooth and convex in M,
///
///     f(M) = D(M, M₀) + γ·Σ_k h(d²_k/ξ⁰_k) over the pairs that violate ξ⁰,  h(r) = r − log r − 1
///
/// which is the objective reported; it never rises. It is minimised over a square L with M = LᵀL,
/// which the logarithm keeps regular, so that M is positive definite throughout. Stopped
/// "converged" when ‖L·∇f(M)·Lᵀ‖_F ≤ tolerance: about the relative error of M, since ‖M^½·∇f·M^½‖_F
/// bounds the distance to the optimum in the metric of the logarithm.
///
/// With `components` = r the prior is of rank r: I on the r leading principal components of the
/// examples, 0 beside them. M then stays in that space, as the divergence is infinite elsewhere
/// (Kulis, Sustik, Dhillon. Low-rank kernel learning with Bregman matrix divergences. Journal of
/// Machine Learning Research 2009), and everything happens in r dimensions.
///
/// Bounds: u and l, where not given, are the lower and the upper percentile of the distances
/// between the examples that the pairs name (of 2000 of them, drawn at random, where there are
/// more): over the full square matrix, the zeros of an example with itself included, interpolated
/// linearly. By default the percentiles are of distances, though they bound squared ones, as in the
/// Python package metric-learn; percentiles_of = "squared_distances" is the paper's.
///
/// Pairs are given, or drawn from the labels: n_constraints of either kind, or all where there are
/// fewer. Pairs of equal examples say nothing and are left out; no pair left is an error.
///
/// Differs from the paper: the percentiles, as above; and L-BFGS on f in place of cyclic
/// projections on one constraint after the other, which come to the same M: an iteration is a
/// matrix product over all pairs instead of a rank-one update of M for each.
class Itml final : public IterativeSolver {
 public:
  Itml() : IterativeSolver(1000, 1e-3) {}

  static void describe(Description<Itml>& is) {
    is.summary(
        "the metric nearest to a prior that keeps similar pairs near and dissimilar ones far");
    is.source("Davis, Kulis, Jain, Sra, Dhillon. Information-theoretic metric learning. ICML 2007");
    is.cost(
        "O(c d r + r³) time an iteration for c pairs, once O(min(n, 2000)² d + n d²); O(c r + d²) "
        "memory");
    is.parameter("gamma", &Itml::gamma, "weight of the slack: the larger, the closer to the bounds")
        .above(0);
    is.parameter("prior", &Itml::prior, "M₀; \"covariance\" is the inverse covariance")
        .one_of(initial_metric_names());
    is.parameter("components", &Itml::components,
                 "rank of M, in the space of that many principal components; null is full rank")
        .at_least(1);
    is.parameter("n_constraints", &Itml::n_constraints,
                 "pairs of either kind to draw from the labels; null is 20·classes²")
        .at_least(1);
    is.parameter("lower_percentile", &Itml::lower_percentile,
                 "of the distances: the bound for similar pairs")
        .at_least(0)
        .at_most(100);
    is.parameter("upper_percentile", &Itml::upper_percentile,
                 "of the distances: the bound for dissimilar pairs")
        .at_least(0)
        .at_most(100);
    is.parameter("percentiles_of", &Itml::percentiles_of,
                 "what the percentiles are of; the bounds are for squared distances in either case")
        .one_of({"squared_distances", "distances"});
    is.parameter("similar_bound", &Itml::similar_bound,
                 "u, for the squared distance of similar pairs; null is the lower percentile")
        .above(0);
    is.parameter("dissimilar_bound", &Itml::dissimilar_bound,
                 "l, for the squared distance of dissimilar pairs; null is the upper percentile")
        .above(0);
    describe_limits(is, "relative error of M that is small enough");
    describe_kernel(is);
  }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "itml");
    std::vector<LabelledPair> pairs = require_pairs(problem, n_constraints, "itml");
    const auto [u, l] = bounds(problem, pairs);
    std::erase_if(pairs, [&](const LabelledPair& pair) {
      return problem.X.row(pair.first) == problem.X.row(pair.second);
    });
    if (pairs.empty())
      throw Error("itml needs pairs of examples that differ; in each of these both are equal");

    // In coordinates in which M₀ is the identity.
    const Matrix basis = coordinates(problem);
    const auto c = static_cast<std::int64_t>(pairs.size());
    Matrix V(c, problem.d());
    for (std::int64_t k = 0; k < c; ++k) {
      const LabelledPair& pair = pairs[static_cast<std::size_t>(k)];
      V.row(k) = problem.X.row(pair.first) - problem.X.row(pair.second);
    }
    V = V * basis.transpose();
    auto objective = [&, u = u, l = l](const Matrix& L, Matrix& gradient) {
      const Matrix Z = V * L.transpose();
      const Vector squares = Z.rowwise().squaredNorm();
      double slack = 0;
      Indices violated;
      std::vector<double> weights;
      for (std::int64_t k = 0; k < c; ++k) {
        const bool similar = pairs[static_cast<std::size_t>(k)].similar;
        const double bound = similar ? u : l, ratio = squares[k] / bound;
        if (similar ? ratio <= 1 : ratio >= 1) continue;
        slack += ratio - std::log(ratio) - 1;
        violated.push_back(k);
        weights.push_back(gamma * (1 / bound - 1 / squares[k]));
      }
      const Eigen::PartialPivLU<Matrix> factor(L);
      const double log_det = 2 * factor.matrixLU().diagonal().cwiseAbs().array().log().sum();
      if (!std::isfinite(log_det)) return std::numeric_limits<double>::infinity();
      const auto count = static_cast<Eigen::Index>(violated.size());
      const Matrix pull =
          Eigen::Map<const Vector>(weights.data(), count).asDiagonal() * Z(violated, Eigen::all);
      gradient = 2 * (L - factor.inverse().transpose());
      gradient.noalias() += 2 * pull.transpose() * V(violated, Eigen::all);
      return L.squaredNorm() - log_det - static_cast<double>(L.rows()) + gamma * slack;
    };
    Iterations iterations(problem, "itml", max_iterations, time_limit);
    const LbfgsOptions options{.max_iterations = max_iterations,
                               .converged =
                                   [&](const Matrix& L, const Matrix& gradient) {
                                     return (gradient * L.transpose()).norm() / 2 <= tolerance;
                                   },
                               .memory = 20,
                               .go_on =
                                   [&](double value) {
                                     iterations.end_one(value);
                                     return !iterations.out_of_time();
                                   }};
    Minimum minimum =
        minimize_lbfgs(objective, Matrix::Identity(basis.rows(), basis.rows()), options);
    return {.L = minimum.x * basis,
            .objective = minimum.value,
            .iterations = minimum.iterations,
            .stopped = std::move(minimum.stopped),
            .objectives = std::move(minimum.values)};
  }

 private:
  /// B with M₀ = BᵀB, (r × d).
  Matrix coordinates(const SolverProblem& problem) const {
    if (components && *components < problem.d()) {
      if (prior != "identity")
        throw Error(
            "a prior of low rank is the identity on the leading components; take "
            "\"identity\", or no components")
            .in("prior");
      return initial_transformation("pca", problem, components, "itml");
    }
    require_components(components, problem.d(), "the number of features");
    return factorize(initial_metric(prior, problem, "prior"));
  }

  std::pair<double, double> bounds(const SolverProblem& problem,
                                   const std::vector<LabelledPair>& pairs) const {
    constexpr std::size_t kMostExamples = 2000;
    std::pair<double, double> found{similar_bound.value_or(0), dissimilar_bound.value_or(0)};
    if (similar_bound && dissimilar_bound) return found;
    if (lower_percentile > upper_percentile)
      throw Error(
          fmt::format("{} is above upper_percentile, {}", lower_percentile, upper_percentile))
          .in("lower_percentile");
    Indices named;
    for (const LabelledPair& pair : pairs) {
      named.push_back(pair.first);
      named.push_back(pair.second);
    }
    std::sort(named.begin(), named.end());
    named.erase(std::unique(named.begin(), named.end()), named.end());
    if (named.size() > kMostExamples) {
      Random random = problem.random.child("bounds");
      random.shuffle(named);
      named.resize(kMostExamples);
    }
    Matrix points = problem.X(named, Eigen::all);
    points.rowwise() -= mean(points).transpose();
    const Matrix squares = squared_distances(points, points);
    std::vector<double> distances(squares.data(), squares.data() + squares.size());
    if (percentiles_of == "distances")
      for (double& distance : distances) distance = std::sqrt(distance);
    if (!similar_bound) found.first = percentile(distances, lower_percentile);
    if (!dissimilar_bound) found.second = percentile(distances, upper_percentile);
    if (found.second <= 0)
      throw Error("itml needs examples that differ; those its pairs name are equal");
    // Where many examples are equal the lower percentile is 0, which no positive definite M
    // reaches.
    found.first = std::max(found.first, 1e-9 * found.second);
    return found;
  }

  /// Between the two nearest order statistics, linearly.
  static double percentile(std::vector<double>& values, double percent) {
    const double place = percent / 100 * static_cast<double>(values.size() - 1);
    const auto below = values.begin() + static_cast<std::ptrdiff_t>(place);
    std::nth_element(values.begin(), below, values.end());
    if (below + 1 == values.end()) return *below;
    const double above = *std::min_element(below + 1, values.end());
    return *below + (place - std::floor(place)) * (above - *below);
  }

  double gamma = 1;
  std::string prior = "identity";
  std::optional<std::int64_t> components, n_constraints;
  double lower_percentile = 5;
  double upper_percentile = 95;
  std::string percentiles_of = "distances";
  std::optional<double> similar_bound, dissimilar_bound;
};

METRICLAB_PLUGIN(Itml, "itml");

}  // namespace
