// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/classical/eigenproblem.hpp>
#include <metriclab/classical/scatter.hpp>
#include <metriclab/classical/separation.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// Metric for clustering with side information: dissimilar pairs as far apart as can be while
/// similar pairs stay near.
///
///     maximise over M:  mean over D of √(vᵀMv)
///     subject to  mean over S of vᵀMv + regularization·(tr/d)·tr(M) ≤ 1,  M ⪰ 0
///
/// S, D: the similar and the dissimilar pairs; v: the difference of a pair; tr: the trace of the
/// mean over S of vvᵀ. The distance that is maximised is not squared, the one that is bounded is.
/// The problem is concave; the objective reported is the mean over D, it never falls, and where
/// "converged" it is below the greatest by no more than `tolerance` of it, which duality proves.
///
/// The small default of regularization gives a bound where similar pairs don't span all in which
/// dissimilar ones differ (fewer pairs than features, a kernel); M then is almost all in those
/// directions, and a larger value is wanted. Directions in which no dissimilar pair differs
/// (constant features) have M = 0. Without regularization M follows every linear transformation of
/// the input, and with it rotations. Pairs of equal examples add nothing. No similar or no
/// dissimilar pair of examples that differ: an error.
///
/// With `diagonal` M is diagonal. It then follows no rotation, and admits no kernel.
///
/// Pairs are given, or drawn from the labels: n_constraints of either kind, or all where there are
/// fewer.
///
/// Differs from the paper: means in place of sums, and the bound of 1 for the similar pairs in
/// place of one for the dissimilar ones, as in the paper's section 2.2: M is the same up to a
/// factor; and the methods: L-BFGS on a factor of M in place of gradient steps with alternating
/// projections, and Newton steps in the features not at 0 for the diagonal one.
class Mmc final : public IterativeSolver {
 public:
  Mmc() : IterativeSolver(1000, 1e-5) {}

  static void describe(Description<Mmc>& is) {
    is.summary("dissimilar pairs as far apart as can be while similar pairs stay near");
    is.source(
        "Xing, Ng, Jordan, Russell. Distance metric learning, with application to clustering with "
        "side-information. NIPS 2002");
    is.cost("O(c d² + d³) time an iteration for c pairs, O(c d + d²) memory");
    is.parameter("diagonal", &Mmc::diagonal, "whether M is diagonal: a weight for each feature");
    is.parameter("n_constraints", &Mmc::n_constraints,
                 "pairs of either kind to draw from the labels; null is 20·classes²")
        .at_least(1);
    is.parameter("regularization", &Mmc::regularization,
                 "what every direction counts beside the similar pairs, as a part of their mean")
        .at_least(0);
    describe_limits(is, "how far below the greatest objective is near enough, as a part of it");
    describe_kernel(is);
  }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "mmc");
    if (diagonal && kernel)
      throw Error("a kernel's features have no axes of their own; take false, or no kernel")
          .in("diagonal");
    const std::vector<LabelledPair> pairs = require_pairs(problem, n_constraints, "mmc");
    const Matrix S = differences(problem, pairs, true), D = differences(problem, pairs, false);
    return diagonal ? learn_diagonal(problem, S, D) : learn_full(problem, S, D);
  }

 private:
  /// Of the pairs of a kind, without those of equal examples, (c × d).
  static Matrix differences(const SolverProblem& problem, const std::vector<LabelledPair>& pairs,
                            bool similar) {
    const Matrix V = pair_differences(problem, pairs, similar);
    Indices differ;
    for (Eigen::Index k = 0; k < V.rows(); ++k)
      if (!V.row(k).isZero(0)) differ.push_back(k);
    return V(differ, Eigen::all);
  }

  /// Mean of the rows' outer products; 0 where there is none.
  static Matrix scatter(const Matrix& V) {
    return gram(V) / static_cast<double>(std::max<Eigen::Index>(V.rows(), 1));
  }

  Solution learn_full(const SolverProblem& problem, const Matrix& S, const Matrix& D) const {
    const Matrix T = scatter(D);
    const Matrix Q = separating_coordinates(scatter(S), T, regularization, "mmc");
    const Matrix U = D * Q.transpose();
    const auto count = static_cast<double>(U.rows());
    Matrix Z, scaled;
    auto objective = [&](const Matrix& B, Matrix& H) {
      Z.noalias() = U * B.transpose();
      const Vector distances = Z.rowwise().norm();
      const Vector weights = distances.unaryExpr(
          [&](double distance) { return distance > 0 ? 1 / std::sqrt(count * distance) : 0; });
      scaled = weights.asDiagonal() * U;
      H = gram(scaled);
      return distances.sum() / count;
    };
    return maximize_separation(problem, "mmc", objective, Q, (Q * T * Q.transpose()).diagonal(),
                               max_iterations, tolerance, time_limit);
  }

  /// The diagonal a, in b_j = a_j·s_j for the s_j that bound it: minimises ½·Σ b_j − mean over D of
  /// √(Σ_j b_j·v_j²/s_j), which has the paper's logarithmic objective's direction and is as long as
  /// it is good, by Newton steps in the features that are not held at 0 (Bertsekas. Projected
  /// Newton methods for optimization problems with simple constraints. SIAM Journal on Control and
  /// Optimization 1982).
  Solution learn_diagonal(const SolverProblem& problem, const Matrix& S, const Matrix& D) const {
    const Vector similar = mean_squares(S), dissimilar = mean_squares(D);
    if (similar.sum() <= 0 || dissimilar.sum() <= 0)
      throw Error("mmc needs similar and dissimilar pairs of examples that differ");
    const Vector s = similar.array() + regularization * similar.mean();
    Indices used;
    for (Eigen::Index j = 0; j < s.size(); ++j) {
      if (dissimilar[j] <= 0) continue;
      if (s[j] <= 0)
        throw Error(fmt::format("mmc finds dissimilar pairs that differ in feature {} and no "
                                "similar pair that does, so that their distance has no bound; "
                                "give more similar pairs, or a value above 0",
                                j))
            .in("regularization");
      used.push_back(j);
    }
    const Matrix P = D(Eigen::all, used).array().square().rowwise() / s(used).transpose().array();
    const auto count = static_cast<double>(P.rows());

    struct Point {
      Vector b, distances;
      double value = std::numeric_limits<double>::infinity();
    };
    // b at the best length, where Σ b is the square of g, the objective at Σ b = 1.
    auto at = [&](Vector b) {
      Point point{.b = std::move(b), .distances = {}};
      point.distances = (P * point.b).cwiseSqrt();
      if (!(point.distances.minCoeff() > 0)) return point;
      const double factor = point.distances.mean() / point.b.sum();
      point.b *= factor * factor;
      point.distances *= factor;
      point.value = -point.distances.mean() / 2;
      return point;
    };
    Iterations iterations(problem, "mmc", max_iterations, time_limit);
    auto objective = [](const Point& point) { return std::sqrt(-2 * point.value); };
    Point here = at(Vector::Ones(P.cols()));
    iterations.begin(objective(here));
    while (iterations.go_on()) {
      const Vector pull = P.transpose() * here.distances.cwiseInverse() / count;  // 1 where b_j > 0
      if (std::sqrt(pull.maxCoeff()) - 1 <= tolerance) {
        iterations.converged();
        break;
      }
      const Vector gradient = (1 - pull.array()) / 2;
      const double near = 1e-6 * here.b.maxCoeff();
      Indices free;
      for (Eigen::Index j = 0; j < here.b.size(); ++j)
        if (here.b[j] > near || gradient[j] < 0) free.push_back(j);
      const Matrix scaled =
          here.distances.array().pow(-1.5).matrix().asDiagonal() * P(Eigen::all, free);
      Matrix hessian = scatter(scaled) / 4;
      hessian.diagonal() *= 1 + 1e-10;
      const Vector newton = hessian.ldlt().solve(gradient(free));
      // Features at their bound go along their own gradient, and end there.
      Vector step = -here.b;
      step(free) = -newton;
      Point next;
      for (double length = 1; length > 1e-10; length /= 2) {
        next = at((here.b + length * step).cwiseMax(0));
        if (next.value < here.value) break;
      }
      if (!(next.value < here.value)) {  // nothing but rounding is left
        iterations.converged();
        break;
      }
      here = std::move(next);
      iterations.end_one(objective(here));
    }
    Vector a = Vector::Zero(s.size());
    a(used) = (here.b / here.b.sum()).array() / s(used).array();
    return std::move(iterations).solution(a.cwiseSqrt().asDiagonal().toDenseMatrix());
  }

  static Vector mean_squares(const Matrix& V) {
    return V.colwise().squaredNorm().transpose() /
           static_cast<double>(std::max<Eigen::Index>(V.rows(), 1));
  }

  bool diagonal = false;
  std::optional<std::int64_t> n_constraints;
  double regularization = 1e-9;
};

METRICLAB_PLUGIN(Mmc, "mmc");

}  // namespace
