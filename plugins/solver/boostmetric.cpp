// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <metriclab/classical/eigenproblem.hpp>
#include <metriclab/classical/iterative_solver.hpp>
#include <metriclab/classical/pair_sums.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// BoostMetric: a metric made of matrices of rank one, one at a time, by boosting on triplets.
///
///     minimise over M ⪰ 0:  (mean over triplets of exp(−ρ_t)) + trace_weight·tr(M)
///     ρ_t = d²(i, l) − d²(i, j),  d²(x, y) = (x − y)ᵀ M (x − y)
///
/// M = Σ_k w_k z_k z_kᵀ, ‖z_k‖ = 1, w ≥ 0. An iteration adds the leading eigenvector z of Σ_t u_t
/// (v_il v_ilᵀ − v_ij v_ijᵀ), u_t = exp(−ρ_t)/(number of triplets), with the best weight for it
/// alone (stage_wise), or sets all weights anew to the best ones (totally_corrective).
/// The problem is convex; when that eigenvalue is no more than trace_weight, M is its minimum.
/// Stopped "converged" when it exceeds trace_weight by no more than tolerance of its first value.
/// The objective is the one above: 1 for M = 0; it never rises. When no direction lowers it at the
/// start, which is when far pairs are no longer than near ones in any, M = 0.
///
/// Triplets are given, or each example with its k_genuine nearest of its class and its k_impostor
/// nearest of others.
class BoostMetric final : public IterativeSolver {
 public:
  BoostMetric() : IterativeSolver(200, 1e-3) {}

  static void describe(Description<BoostMetric>& is) {
    is.summary("a sum of rank-one metrics, boosted on triplets with the exponential loss");
    is.source(
        "Shen, Kim, Wang, van den Hengel. Positive semidefinite metric learning using "
        "boosting-like algorithms. Journal of Machine Learning Research 2012");
    is.cost(
        "O(n d² + p d + d³ + t) time an iteration for t triplets of p pairs, totally corrective "
        "O(i t) more for the i-th; O(n d + t + d²) memory, totally corrective O(i t) more");
    is.parameter("update", &BoostMetric::update,
                 "whether an iteration sets the weight of its direction, or those of all so far")
        .one_of({"stage_wise", "totally_corrective"});
    is.parameter("trace_weight", &BoostMetric::trace_weight,
                 "weight of the trace (the paper's v), which keeps the metric small")
        .above(0);
    is.parameter("k_genuine", &BoostMetric::k_genuine,
                 "neighbours of its class in an example's triplets")
        .at_least(1);
    is.parameter("k_impostor", &BoostMetric::k_impostor,
                 "neighbours of other classes in an example's triplets")
        .at_least(1);
    describe_limits(is,
                    "stops when the leading eigenvalue is above trace_weight by no more than this "
                    "part of the first one");
    describe_kernel(is);
  }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "boostmetric");
    const TripletPairs triplets =
        pairs_of_triplets(require_triplets(problem, k_genuine, k_impostor, "boostmetric"));
    const auto count = static_cast<std::int64_t>(triplets.near.size());
    Matrix X = problem.X.rowwise() - mean(problem.X).transpose();
    // In units in which the features' size is 1: what is large for one weight is for another.
    const double size = X.norm() / std::sqrt(static_cast<double>(X.size()));
    if (!(size > 0)) throw Error("boostmetric needs examples that differ; all of these are equal");
    X /= size;

    Iterations iterations(problem, "boostmetric", max_iterations, time_limit);
    Vector rho = Vector::Zero(count), u, weights(0);
    Matrix Z(0, X.cols()), responses(0, count);
    iterations.begin(1);
    double first = 0;
    while (iterations.go_on()) {
      shares(rho, u);
      Vector slopes = Vector::Zero(static_cast<Eigen::Index>(triplets.pairs.size()));
      for (std::int64_t t = 0; t < count; ++t) {
        slopes[triplets.far[static_cast<std::size_t>(t)]] += u[t];
        slopes[triplets.near[static_cast<std::size_t>(t)]] -= u[t];
      }
      const SymmetricEigen leading = leading_eigen(scatter_of_pairs(X, triplets.pairs, slopes), 1);
      const double value = leading.values[0];
      const Vector direction = leading.vectors.row(0);
      // In the features' own units the penalty of a unit of trace is larger by size⁻².
      const double penalty = trace_weight / (size * size);
      if (first == 0) first = value;
      if (value - penalty <= tolerance * first) {
        iterations.converged();
        break;
      }
      const Vector response = responses_of(X * direction, triplets);
      append(Z, direction);
      weights.conservativeResize(Z.rows());
      weights[Z.rows() - 1] = best_weight(u, response, penalty);
      rho += weights[Z.rows() - 1] * response;
      if (update == "totally_corrective") {
        append(responses, response);
        correct(responses, penalty, weights);
        rho = responses.transpose() * weights;
        Indices kept;  // directions of weight 0 may come again
        for (Eigen::Index k = 0; k < weights.size(); ++k)
          if (weights[k] > 0) kept.push_back(k);
        Z = Z(kept, Eigen::all).eval();
        responses = responses(kept, Eigen::all).eval();
        weights = weights(kept).eval();
      }
      Vector unused;
      iterations.end_one(shares(rho, unused) + penalty * weights.sum());
    }
    if (iterations.count() == 0) return std::move(iterations).solution(Matrix::Zero(1, X.cols()));
    const Matrix M = Z.transpose() * weights.asDiagonal() * Z;
    return std::move(iterations).solution(factorize(M, 1e-14) / size);
  }

 private:
  static void append(Matrix& rows, const Vector& row) {
    rows.conservativeResize(rows.rows() + 1, Eigen::NoChange);
    rows.row(rows.rows() - 1) = row.transpose();
  }

  /// The mean of exp(−ρ), and u.
  static double shares(const Vector& rho, Vector& u) {
    u = (-rho.array()).exp() / static_cast<double>(rho.size());
    return u.sum();
  }

  /// ρ of each triplet under z zᵀ, from the projections on z.
  static Vector responses_of(const Vector& projections, const TripletPairs& triplets) {
    const Vector squares = pair_distances(Matrix(projections), triplets.pairs);
    Vector responses(static_cast<Eigen::Index>(triplets.near.size()));
    for (std::size_t t = 0; t < triplets.near.size(); ++t)
      responses[static_cast<Eigen::Index>(t)] =
          squares[triplets.far[t]] - squares[triplets.near[t]];
    return responses;
  }

  /// The w ≥ 0 that makes Σ u_t exp(−w h_t) + penalty·w least, which is convex in w and falls at 0:
  /// Newton's method inside a bracket of the root of the derivative.
  static double best_weight(const Vector& u, const Vector& h, double penalty) {
    double low = 0, high = std::numeric_limits<double>::infinity(), w = 0;
    const double steepest = u.dot(h) - penalty;
    for (int step = 0; step < 100; ++step) {
      const Eigen::ArrayXd p = u.array() * (-w * h.array()).exp();
      const double slope = penalty - (p * h.array()).sum();
      const double curve = (p * h.array().square()).sum();
      // Beyond the range of exp the slope is not a number, and w too long.
      (slope < 0 ? low : high) = w;
      if (std::abs(slope) <= 1e-8 * steepest || high - low <= 1e-12 * w) break;
      double next = w - slope / curve;
      if (!(next > low && next < high)) next = std::isinf(high) ? 4 * w : (low + high) / 2;
      w = next;
    }
    return w;
  }

  /// The best weights of all directions, from `weights`, by projected Newton steps (Bertsekas.
  /// Projected Newton methods for optimization problems with simple constraints. SIAM Journal on
  /// Control and Optimization 1982).
  static void correct(const Matrix& responses, double penalty, Vector& weights) {
    constexpr int kSteps = 50, kHalvings = 40;
    constexpr double kEnough = 1e-10;  // of the first slope; the next direction then sees rounding
    Vector u, trial_u, trial;
    double value = shares(responses.transpose() * weights, u) + penalty * weights.sum();
    double first = 0;
    for (int step = 0; step < kSteps; ++step) {
      const Vector slopes = Vector::Constant(weights.size(), penalty) - responses * u;
      const double small = 1e-6 * weights.maxCoeff();
      Indices loose;
      double steepest = 0;
      for (Eigen::Index k = 0; k < weights.size(); ++k) {
        if (weights[k] <= small && slopes[k] >= 0) continue;  // goes to 0, or stays there
        loose.push_back(k);
        steepest = std::max(steepest, std::abs(slopes[k]));
      }
      if (step == 0) first = steepest;
      if (steepest <= kEnough * first) {
        weights = (weights.array() <= small && slopes.array() >= 0).select(0.0, weights);
        return;
      }
      const Matrix rows = responses(loose, Eigen::all);
      Eigen::MatrixXd curves = rows * u.asDiagonal() * rows.transpose();
      curves.diagonal() *= 1 + 1e-12;
      const Vector move = Eigen::LDLT<Eigen::MatrixXd>(curves).solve(slopes(loose));
      bool lower = false;
      double t = 1;
      for (int halving = 0; halving < kHalvings && !lower; ++halving, t /= 2) {
        trial = (weights.array() <= small && slopes.array() >= 0).select(0.0, weights);
        for (std::size_t k = 0; k < loose.size(); ++k)
          trial[loose[k]] =
              std::max(0.0, weights[loose[k]] - t * move[static_cast<Eigen::Index>(k)]);
        const double there = shares(responses.transpose() * trial, trial_u) + penalty * trial.sum();
        lower = there <= value + 1e-4 * slopes.dot(trial - weights) && there < value;
        if (!lower) continue;
        value = there;
        weights.swap(trial);
        u.swap(trial_u);
      }
      if (!lower) return;
    }
  }

  std::string update = "stage_wise";
  double trace_weight = 1e-7;
  std::int64_t k_genuine = 3, k_impostor = 3;
};

METRICLAB_PLUGIN(BoostMetric, "boostmetric");

}  // namespace
