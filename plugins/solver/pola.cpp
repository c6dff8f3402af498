// SPDX-License-Identifier: BSD-3-Clause
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <metriclab/classical/iterative_solver.hpp>
#include <metriclab/classical/online_draws.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// Pseudo-metric online learning algorithm: a metric and a threshold, learned from one pair at a
/// time by two projections,
///
///     loss = [1 + s·(vᵀMv − b)]₊,  s = 1 for a similar pair, −1 for a dissimilar one
///     M ← M − s·α·vvᵀ,  b ← max(1, b + s·α),  α = loss/(‖v‖⁴ + 1)
///     M ← [M]₊
///
/// the first onto the half-space of metrics and thresholds with no loss on the pair, the second
/// onto the positive semidefinite cone and b ≥ 1. v: the difference of the pair. From M = 0, b = 1,
/// with differences divided by a scale of theirs (the root mean square of 2000 drawn at random), so
/// that the margin of 1 means the same in any unit.
///
/// After the first projection M has one negative eigenvalue at most, with an eigenvector in the
/// Krylov space of M and v: a Lanczos iteration from v finds it, exactly, in a few products with M.
///
/// Pairs: the given ones, or of the labels one similar and one dissimilar in turn, each step
/// drawing one anew. An iteration is 1000 steps, the objective the mean loss of these before each
/// step; it falls in the mean only. `average` takes the mean of M over the last half of the steps,
/// which the regret bound holds for, in place of the last M.
class Pola final : public IterativeSolver {
 public:
  Pola() : IterativeSolver(0, 0) {}

  static void describe(Description<Pola>& is) {
    is.summary("online projections on the half-space of each pair and on the PSD cone");
    is.source("Shalev-Shwartz, Singer, Ng. Online and batch learning of pseudo-metrics. ICML 2004");
    is.cost(
        "O(k d² + k² d) time a step with k Lanczos vectors, a few; O(d²) memory; reads the "
        "examples "
        "it draws only");
    is.parameter("steps", &Pola::steps, "pairs to learn from").at_least(1);
    describe_time_limit(is);
    describe_kernel(is);
  }

  bool reads_blocks() const override { return true; }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "pola");
    OnlinePairs pairs(problem, "pola");
    const std::int64_t d = problem.d();
    constexpr std::int64_t kPairs = 2000;
    const double size =
        std::sqrt(random_differences(problem, kPairs, problem.random.child("scale")).squaredNorm() /
                  static_cast<double>(kPairs));
    if (!(size > 0)) throw Error("pola needs examples that differ; of those it draws no two do");
    Matrix M = Matrix::Zero(d, d);
    double b = 1;
    Iterations iterations(problem, "pola", (steps + kIteration - 1) / kIteration, time_limit);
    for (std::int64_t rest = steps; iterations.go_on();) {
      const std::int64_t count = std::min(rest, kIteration);
      const OnlinePairs::Block block = pairs.draw(count);
      double loss = 0;
      for (std::int64_t s = 0; s < count; ++s) {
        const Vector v = block.differences.row(s).transpose() / size;
        loss += step(v, block.similar[static_cast<std::size_t>(s)], M, b);
      }
      rest -= count;
      iterations.end_one(loss / static_cast<double>(count));
    }
    if (!M.allFinite())
      throw Error("pola needs features whose inner products are finite; scale these down");
    return std::move(iterations).solution(factorize(project_psd(M), 1e-12) / size);
  }

 private:
  static constexpr std::int64_t kIteration = 1000;

  /// Learns from one pair; its loss.
  static double step(const Vector& v, bool similar, Matrix& M, double& b) {
    const double sign = similar ? 1 : -1, square = v.squaredNorm();
    const double loss = 1 + sign * (v.dot(M * v) - b);
    if (loss <= 0) return 0;
    const double alpha = loss / (square * square + 1);
    M.noalias() -= sign * alpha * v * v.transpose();
    b = std::max(1.0, b + sign * alpha);
    if (similar && square > 0) remove_negative(M, v);
    return loss;
  }

  /// Takes M's one negative eigenvalue away, whose eigenvector is in the Krylov space of v. It is
  /// found when ‖Mu − θu‖ is below 10⁻⁷ of M's norm on that space (θ is then exact to its square),
  /// or that space is spanned.
  static void remove_negative(Matrix& M, const Vector& v) {
    constexpr double kNear = 1e-7;
    const std::int64_t d = v.size();
    Matrix Q(std::min<std::int64_t>(d, 16), d);  // an orthonormal basis as rows
    Vector diagonal(d), beside(d);
    Q.row(0) = v.transpose() / v.norm();
    std::int64_t check = std::min<std::int64_t>(d, 4);
    for (std::int64_t k = 1;; ++k) {
      Vector w = M * Q.row(k - 1).transpose();
      diagonal[k - 1] = Q.row(k - 1).dot(w);
      for (int twice = 0; twice < 2; ++twice) w -= Q.topRows(k).transpose() * (Q.topRows(k) * w);
      beside[k - 1] = w.norm();
      const bool spanned = k == d || beside[k - 1] <= kNear * kNear * diagonal.head(k).norm();
      if (spanned || k == check) {
        check = std::min(d, k + std::max<std::int64_t>(2, k / 3));
        Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> tridiagonal;
        tridiagonal.computeFromTridiagonal(diagonal.head(k), beside.head(k - 1));
        const double least = tridiagonal.eigenvalues()[0];
        const double size = tridiagonal.eigenvalues().cwiseAbs().maxCoeff();
        const Vector within = tridiagonal.eigenvectors().col(0);
        if (spanned || beside[k - 1] * std::abs(within[k - 1]) <= kNear * size) {
          if (least >= 0) return;
          const Vector u = Q.topRows(k).transpose() * within;
          M.noalias() -= least * u * u.transpose();
          return;
        }
      }
      if (k == Q.rows()) Q.conservativeResize(std::min(d, 2 * k), d);
      Q.row(k) = w.transpose() / beside[k - 1];
    }
  }

  std::int64_t steps = 20000;
};

METRICLAB_PLUGIN(Pola, "pola");

}  // namespace
