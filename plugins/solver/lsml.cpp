// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <metriclab/classical/iterative_solver.hpp>
#include <metriclab/classical/pair_sums.hpp>
#include <metriclab/classical/supervision.hpp>
#include <numeric>

namespace {

using namespace metriclab;

/// Least squared-residual metric learning from relative comparisons d(a, b) < d(c, d): the metric
/// nearest to a prior M₀ that violates them least.
///
///     minimise over M ≻ 0:  Σ_k w_k·[d_M(a_k, b_k) − d_M(c_k, d_k)]₊² + regularization·D(M, M₀)
///     D(M, M₀) = tr(M M₀⁻¹) − log det(M M₀⁻¹) − d,  d_M² (x, y) = (x − y)ᵀ M (x − y)
///
/// The distances are not squared inside the hinge. w: `weights`, or all equal; they are divided by
/// their sum. In p = d²(a, b) and q = d²(c, d) a term is (p + q − 2√(pq)) where p > q and 0
/// otherwise, which is convex, and so is the whole: its one minimum doesn't depend on the order of
/// the quadruplets. It is found by L-BFGS on a square L, M = LᵀL, which the log det keeps regular,
/// and never rises; stopped "converged" when 5 iterations together lower it by no more than
/// tolerance of it. Where both examples of a pair are equal its distance is 0; without violated
/// comparisons M = M₀.
///
/// Quadruplets are given, or drawn from the labels: n_constraints of a pair of one class and a pair
/// of two.
///
/// Differs from the paper: L-BFGS instead of steepest descent on M.
class Lsml final : public TransformationSolver {
 public:
  Lsml() : TransformationSolver(1000, 1e-4) {}

  static void describe(Description<Lsml>& is) {
    is.summary("the metric nearest to a prior that keeps relative comparisons of distances");
    is.source(
        "Liu, Ji, Qian, Ye, Jin, Li. Metric learning from relative comparisons by minimizing "
        "squared residual. ICDM 2012");
    is.cost("O(n d² + c d + d³) time an iteration for c quadruplets, O(n d + c + d²) memory");
    is.parameter("prior", &Lsml::prior, "M₀: what the metric stays near to")
        .one_of(initial_metric_names());
    is.parameter("regularization", &Lsml::regularization, "weight of the divergence from the prior")
        .above(0);
    is.parameter("n_constraints", &Lsml::n_constraints,
                 "quadruplets to draw from the labels; null is 20·classes²")
        .at_least(1);
    is.parameter("weights", &Lsml::weights,
                 "one for each given quadruplet, at least 0; none is all equal");
    describe_limits(is,
                    "stops when 5 iterations together better the objective by no more than this "
                    "part of it");
    describe_kernel(is);
  }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "lsml");
    const auto quadruplets = require_quadruplets(problem, n_constraints, "lsml");
    const Vector w = normalized_weights(quadruplets.size());

    // Only the examples that are named, and in coordinates where M₀ is the identity.
    Indices named;
    std::vector<RowPair> near, far;
    number(quadruplets, problem.n(), named, near, far);
    const Matrix prior_factor =
        Eigen::LLT<Eigen::MatrixXd>(initial_metric(prior, problem, "prior")).matrixL();
    Matrix X = problem.X(named, Eigen::all);
    X.rowwise() -= mean(X).transpose();
    X *= prior_factor;

    const std::int64_t d = problem.d();
    auto objective = [&](const Matrix& L, Matrix& gradient) {
      const Matrix Z = X * L.transpose();
      Vector p = pair_distances(Z, near), q = pair_distances(Z, far);
      double residual = 0;
      for (Eigen::Index k = 0; k < p.size(); ++k) {
        const double a = std::sqrt(p[k]), c = std::sqrt(q[k]), violation = std::max(a - c, 0.0);
        residual += w[k] * violation * violation;
        p[k] = violation > 0 ? w[k] * (1 - c / a) : 0;
        q[k] = violation > 0 && c > 0 ? w[k] * (1 - a / c) : 0;
      }
      Matrix laplacian = Matrix::Zero(Z.rows(), d);
      add_laplacian(Z, near, p, laplacian);
      add_laplacian(Z, far, q, laplacian);
      const Eigen::PartialPivLU<Eigen::MatrixXd> factor(L);
      const double log_det = factor.matrixLU().diagonal().cwiseAbs().array().log().sum();
      gradient.noalias() = 2 * laplacian.transpose() * X;
      gradient += 2 * regularization * (L - Matrix(factor.inverse().transpose()));
      return residual + regularization * (L.squaredNorm() - 2 * log_det - static_cast<double>(d));
    };
    Solution solution = minimize(problem, "lsml", objective, Matrix::Identity(d, d));
    solution.L = solution.L * prior_factor.transpose();
    return solution;
  }

 private:
  using Quadruplets = std::vector<std::array<std::int64_t, 4>>;

  Vector normalized_weights(std::size_t count) const {
    if (weights.empty())
      return Vector::Constant(static_cast<Eigen::Index>(count), 1 / static_cast<double>(count));
    if (weights.size() != count)
      throw Error(
          fmt::format("{} weights for {} quadruplets; each needs one", weights.size(), count))
          .in("weights");
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    if (*std::min_element(weights.begin(), weights.end()) < 0 || !(sum > 0) || !std::isfinite(sum))
      throw Error("the weights of quadruplets must be finite, at least 0, and not all 0")
          .in("weights");
    return Eigen::Map<const Vector>(weights.data(), static_cast<Eigen::Index>(count)) / sum;
  }

  static void number(const Quadruplets& quadruplets, std::int64_t n, Indices& named,
                     std::vector<RowPair>& near, std::vector<RowPair>& far) {
    std::vector<std::int32_t> number(static_cast<std::size_t>(n), -1);
    for (const auto& quadruplet : quadruplets)
      for (std::int64_t i : quadruplet) number[static_cast<std::size_t>(i)] = 0;
    for (std::size_t i = 0; i < number.size(); ++i) {
      if (number[i] < 0) continue;
      number[i] = static_cast<std::int32_t>(named.size());
      named.push_back(static_cast<std::int64_t>(i));
    }
    for (const auto& [a, b, c, d] : quadruplets) {
      auto of = [&](std::int64_t i) { return number[static_cast<std::size_t>(i)]; };
      near.push_back({of(a), of(b)});
      far.push_back({of(c), of(d)});
    }
  }

  std::string prior = "identity";
  double regularization = 1;
  std::optional<std::int64_t> n_constraints;
  std::vector<double> weights;
};

METRICLAB_PLUGIN(Lsml, "lsml");

}  // namespace
