// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/classical/eigenproblem.hpp>
#include <metriclab/classical/iterative_solver.hpp>
#include <metriclab/classical/lbfgs.hpp>
#include <metriclab/classical/scatter.hpp>
#include <metriclab/classical/separation.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// Distance metric learning with eigenvalue optimisation: the nearest of the dissimilar pairs as
/// far apart as can be while similar pairs stay near.
///
///     maximise over M:  min over D of vᵀMv
///     subject to  mean over S of vᵀMv + regularization·(tr/d)·tr(M) = 1,  M ⪰ 0
///
/// S, D: the similar and the dissimilar pairs; v: the difference of a pair; tr: the trace of the
/// mean over S of vvᵀ. In coordinates in which the constraint is tr(M) = 1 this is the dual of
/// making the greatest eigenvalue of Σ_D u_τ v_τ v_τᵀ least over weights u of sum 1. The minimum is
/// smoothed,
///
///     f(M) = −μ·log(mean over D of exp(−vᵀMv/μ)),  within μ·log|D| of it; μ = smoothing
///
/// and the objective reported is f, which is concave. Found by L-BFGS on a factor of M, first for
/// greater μ, each time ten times smaller, then for the one asked for: on the way there the
/// objective may fall, and in the last stage never does. Where "converged", f is below its greatest
/// value by no more than `tolerance` of it, since for M' of trace 1 f(M') ≤ f(M) + λ_max(∇f(M)) −
/// tr(∇f(M)·M).
///
/// Pairs are given, or drawn from the
/// labels: n_constraints of either kind, or all where there are fewer. Dissimilar pairs of equal
/// examples, which no metric takes apart, are left out. No similar or no dissimilar pair of
/// examples that differ: an error. Differs from the paper: a mean over S in place of a sum, the
/// ridge, and L-BFGS in place of Frank-Wolfe steps.
class DmlEig final : public IterativeSolver {
 public:
  DmlEig() : IterativeSolver(1000, 1e-3) {}

  static void describe(Description<DmlEig>& is) {
    is.summary("the nearest dissimilar pairs as far apart as can be, similar ones near");
    is.source(
        "Ying, Li. Distance metric learning with eigenvalue optimization. Journal of Machine "
        "Learning Research 2012");
    is.cost("O(c d² + d³) time an iteration for c pairs, O(c d + d²) memory");
    is.parameter("smoothing", &DmlEig::smoothing,
                 "μ, in units of the similar pairs' mean squared distance")
        .above(0);
    is.parameter("n_constraints", &DmlEig::n_constraints,
                 "pairs of either kind to draw from the labels; null is 20·classes²")
        .at_least(1);
    is.parameter("regularization", &DmlEig::regularization,
                 "what every direction counts beside the similar pairs, as a part of their mean")
        .at_least(0);
    describe_limits(is, "how far below the greatest objective is near enough, as a part of it");
    describe_kernel(is);
  }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "dml_eig");
    const std::vector<LabelledPair> pairs = require_pairs(problem, n_constraints, "dml_eig");
    const Matrix S = pair_differences(problem, pairs, true);
    const Matrix D = pair_differences(problem, pairs, false);
    const Matrix Q =
        separating_coordinates(mean_scatter(S), mean_scatter(D), regularization, "dml_eig");
    SmoothMinimum smooth(D, Q);

    Iterations iterations(problem, "dml_eig", max_iterations, time_limit);
    Matrix B = Matrix::Identity(Q.rows(), Q.rows());
    iterations.begin(smooth.value(B, smoothing));
    bool near = false;
    for (int stage = smooth.stages(smoothing); stage >= 0 && iterations.go_on(); --stage) {
      const double mu = smoothing * std::pow(10.0, stage);
      auto negative = [&](const Matrix& at, Matrix& gradient) {
        return smooth.negative(at, mu, gradient);
      };
      const LbfgsOptions options{
          .max_iterations = max_iterations - iterations.count(),
          .converged =
              [&](const Matrix& at, const Matrix& /*gradient*/) {
                iterations.end_one(smooth.value(at, smoothing));
                if (iterations.count() % kCheckEvery != 0) return false;
                const double gap = smooth.gap(at, mu);
                near = stage == 0 && gap <= tolerance;
                return gap <= (stage == 0 ? tolerance : std::max(tolerance, kEarly));
              },
          .memory = 20,
          .go_on = [&](double /*value*/) { return !iterations.out_of_time(); }};
      B = minimize_lbfgs(negative, std::move(B), options).x;
      B /= B.norm();
    }
    // A line search that finds nothing better in the last stage ends it as well.
    if (near || iterations.go_on()) iterations.converged();
    const SymmetricEigen metric = symmetric_eigen(B.transpose() * B);
    const auto rank = numerical_rank(metric.values, kShort * kShort);
    return std::move(iterations)
        .solution(metric.values.head(rank).cwiseSqrt().asDiagonal() * metric.vectors.topRows(rank) *
                  Q);
  }

 private:
  static constexpr int kCheckEvery = 4;   // eigenvalues cost about what an iteration does
  static constexpr double kEarly = 0.03;  // the gap at which a greater μ has done its work
  static constexpr double kShort = 1e-6;  // of the longest row of L

  static Matrix mean_scatter(const Matrix& V) {
    return gram(V) / static_cast<double>(std::max<Eigen::Index>(V.rows(), 1));
  }

  /// f at M = BᵀB/‖B‖², in coordinates in which the constraint is tr(M) = 1.
  class SmoothMinimum {
   public:
    SmoothMinimum(const Matrix& D, const Matrix& Q) {
      Indices differ;
      for (Eigen::Index k = 0; k < D.rows(); ++k)
        if (!D.row(k).isZero(0)) differ.push_back(k);
      V_ = D(differ, Eigen::all) * Q.transpose();
    }

    /// How many times μ may be ten times greater before f is little but a mean.
    int stages(double mu) const {
      const double mean = V_.squaredNorm() / static_cast<double>(V_.rows() * V_.cols());
      return mean > mu ? static_cast<int>(std::ceil(std::log10(mean / mu))) : 0;
    }

    double value(const Matrix& B, double mu) { return shares(B, mu).f; }

    /// −f, which L-BFGS minimises, and its derivative by B.
    double negative(const Matrix& B, double mu, Matrix& gradient) {
      const Shares at = shares(B, mu);
      gradient = at.mean * B;
      gradient.noalias() -= B * gram(at.weighted);
      gradient *= 2 / B.squaredNorm();
      return -at.f;
    }

    /// (λ_max(∇f) − tr(∇f·M))/f: how far f is below its greatest value at most, as a part of it.
    double gap(const Matrix& B, double mu) {
      const Shares at = shares(B, mu);
      const double most = leading_eigen(gram(at.weighted), 1).values[0];
      return at.f > 0 ? (most - at.mean) / at.f : std::numeric_limits<double>::infinity();
    }

   private:
    struct Shares {
      double f = 0, mean = 0;  // mean: Σ u_τ q_τ, u_τ = exp(−q_τ/μ) over their sum
      Matrix weighted;  // rows √u_τ·v_τ, of u_τ above 10⁻¹⁷ of the largest: ∇f is its gram
    };

    Shares shares(const Matrix& B, double mu) {
      constexpr double kNegligible = 39;  // e^−39
      // L-BFGS asks for the B it evaluated last again, to report on it.
      if (B.rows() != last_.rows() || B != last_) {
        last_ = B;
        q_ = (V_ * B.transpose()).rowwise().squaredNorm() / B.squaredNorm();
      }
      const double least = q_.minCoeff();
      Indices near;
      double sum = 0, weighted = 0;
      for (Eigen::Index k = 0; k < q_.size(); ++k) {
        if (q_[k] - least > kNegligible * mu) continue;
        near.push_back(k);
        const double u = std::exp((least - q_[k]) / mu);
        sum += u;
        weighted += u * q_[k];
      }
      Shares at{least - mu * std::log(sum / static_cast<double>(q_.size())), weighted / sum,
                V_(near, Eigen::all)};
      for (Eigen::Index k = 0; k < at.weighted.rows(); ++k)
        at.weighted.row(k) *=
            std::exp((least - q_[near[static_cast<std::size_t>(k)]]) / (2 * mu)) / std::sqrt(sum);
      return at;
    }

    Matrix V_;  // (pairs × rank)
    Matrix last_;
    Vector q_;  // at last_
  };

  double smoothing = 1e-2;
  std::optional<std::int64_t> n_constraints;
  double regularization = 1e-9;
};

METRICLAB_PLUGIN(DmlEig, "dml_eig");

}  // namespace
