// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <metriclab/classical/linear_algebra.hpp>
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
/// by cyclic Bregman projections in the order of the pairs, each a rank-one update of M (algorithm
/// 1); the optimum is unique. An iteration is one round over all pairs; stopped "converged" when
/// the dual variables λ change by ‖λ − λ'‖₁ ≤ tolerance·(‖λ‖₂ + ‖λ'‖₂) in it. The objective
/// reported is the one above; it grows from 0, since it is at its optimum before the constraints
/// hold. M is positive definite throughout.
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
/// Differs from the paper: the percentiles, as above; and for γ ≠ 1 the projection is
/// γ/(γ + 1)·(1/p − 1/ξ), which solves its equation; the paper's (1/p − γ/ξ)/2 does so for γ = 1
/// only.
class Itml final : public Solver {
 public:
  static void describe(Description<Itml>& is) {
    is.summary(
        "the metric nearest to a prior that keeps similar pairs near and dissimilar ones far");
    is.source("Davis, Kulis, Jain, Sra, Dhillon. Information-theoretic metric learning. ICML 2007");
    is.cost(
        "O(c d²) time an iteration for c pairs, once O(min(n, 2000)² d + d³); O(c d + d²) memory");
    is.parameter("gamma", &Itml::gamma, "weight of the slack: the larger, the closer to the bounds")
        .above(0);
    is.parameter("prior", &Itml::prior, "M₀: the identity, or the inverse covariance")
        .one_of({"identity", "covariance"});
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
    is.parameter("max_iterations", &Itml::max_iterations, "rounds over all pairs at most")
        .at_least(1);
    is.parameter("tolerance", &Itml::tolerance,
                 "change of the dual variables in a round that counts as none")
        .at_least(0);
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

    const auto c = static_cast<std::int64_t>(pairs.size());
    const std::int64_t d = problem.d();
    Matrix V(c, d);
    Vector xi(c), start(c);
    for (std::int64_t k = 0; k < c; ++k) {
      const LabelledPair& pair = pairs[static_cast<std::size_t>(k)];
      V.row(k) = problem.X.row(pair.first) - problem.X.row(pair.second);
      start[k] = pair.similar ? u : l;
    }
    xi = start;
    Matrix M = Matrix::Identity(d, d), precision = M;  // precision = M₀⁻¹
    if (prior == "covariance") {
      precision = covariance(problem.X);
      const Eigen::LLT<Matrix> factor(precision);
      if (factor.info() != Eigen::Success || factor.rcond() < 1e-14)
        throw Error(
            "the covariance of these examples is singular and has no inverse; take the prior "
            "\"identity\"")
            .in("prior");
      M = factor.solve(M);
    }

    Solution solution;
    solution.stopped = "iterations";
    solution.objectives.push_back(0);
    Vector lambda = Vector::Zero(c), before = lambda, Mv(d);
    double log_det = 0;  // of M M₀⁻¹
    while (solution.iterations < max_iterations) {
      for (std::int64_t k = 0; k < c; ++k) {
        const double sign = pairs[static_cast<std::size_t>(k)].similar ? 1 : -1;
        Mv.noalias() = M * V.row(k).transpose();
        const double p = V.row(k).dot(Mv);
        const double alpha = std::min(lambda[k], sign * gamma / (gamma + 1) * (1 / p - 1 / xi[k]));
        if (alpha == 0) continue;
        lambda[k] -= alpha;
        xi[k] = gamma * xi[k] / (gamma + sign * alpha * xi[k]);
        const double shrink = 1 - sign * alpha * p;
        log_det -= std::log(shrink);
        const double beta = sign * alpha / shrink;
        for (std::int64_t row = 0; row < d; ++row) M.row(row) += (beta * Mv[row]) * Mv.transpose();
      }
      ++solution.iterations;
      const auto ratio = xi.array() / start.array();
      solution.objective = M.cwiseProduct(precision).sum() - log_det - static_cast<double>(d) +
                           gamma * (ratio - ratio.log() - 1).sum();
      solution.objectives.push_back(solution.objective);
      if (problem.progress)
        problem.progress(
            static_cast<double>(solution.iterations) / static_cast<double>(max_iterations),
            fmt::format("itml: round {}, objective {:.6g}", solution.iterations,
                        solution.objective));
      if ((lambda - before).lpNorm<1>() <= tolerance * (lambda.norm() + before.norm())) {
        solution.stopped = "converged";
        break;
      }
      before = lambda;
    }
    solution.L = factorize((M + M.transpose()) / 2);
    return solution;
  }

 private:
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
  std::optional<std::int64_t> n_constraints;
  double lower_percentile = 5;
  double upper_percentile = 95;
  std::string percentiles_of = "distances";
  std::optional<double> similar_bound, dissimilar_bound;
  std::int64_t max_iterations = 1000;
  double tolerance = 1e-3;
};

METRICLAB_PLUGIN(Itml, "itml");

}  // namespace
