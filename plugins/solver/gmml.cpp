// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/QR>
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <metriclab/classical/eigenproblem.hpp>
#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/classical/scatter.hpp>
#include <metriclab/classical/supervision.hpp>
#include <numeric>
#include <utility>

namespace {

using namespace metriclab;

/// Eigenvalues below this part of the largest have few digits left; as squares of the singular
/// values of R Qᵀ, D = QᵀQ, they keep them, for many times the time. Leading eigenvectors of M,
/// where S is small beside D, have larger ones.
constexpr double kFine = 1e-11;

/// Geometric mean metric learning: the point on the geodesic of positive definite matrices from the
/// inverse scatter S⁻¹ of the similar pairs to the scatter D of the dissimilar ones.
///
///     M = S⁻¹ #_t D = S^(−1/2) (S^(1/2) D S^(1/2))ᵗ S^(−1/2)
///     S = mean over similar pairs of (x_i − x_j)(x_i − x_j)ᵀ + λσ·M₀⁻¹
///     D = mean over dissimilar pairs of the same + λσ·M₀
///
/// t = `geodesic_step`; at t = ½ M solves M S M = D and minimises tr(M S) + tr(M⁻¹ D). λ =
/// `regularization`, σ the mean of the diagonals of both means, M₀ the prior with trace d. The
/// objective is (1 − t)·δ²(M, S⁻¹) + t·δ²(M, D), which M minimises for its t (δ: the Riemannian
/// distance, δ²(A, B) = ‖log(A^(−1/2) B A^(−1/2))‖²_F); it is t(1 − t)·Σ log² λ_i(S D).
///
/// Computed from the Cholesky factor S = RᵀR as R⁻¹ (R D Rᵀ)ᵗ R⁻ᵀ, which is the same matrix. With
/// `components` M is replaced by the nearest matrix of that rank, its leading eigenvectors, those
/// in the span of the examples where these are fewer than the features and M₀ is the identity. λ =
/// 0 asks for S and D of full rank and is an error where one is singular.
///
/// Pairs are given, or drawn from the labels, or all pairs of these, by default, where the paper
/// draws 40 for each two classes. No pair of a kind, or all of one kind of equal examples: an
/// error. Differs from the paper: S and D are means, not sums, and λ is relative, so that the same
/// λ serves any number of pairs and any unit; M is then the paper's up to a factor.
class Gmml final : public Solver {
 public:
  static void describe(Description<Gmml>& is) {
    is.summary(
        "the geometric mean of similar pairs' inverse scatter and dissimilar pairs' scatter");
    is.source("Zadeh, Hosseini, Sra. Geometric mean metric learning. ICML 2016");
    is.cost(
        "O(c d² + d³) time for c pairs, O(n d² + d³) for all pairs of labels, O(d²) memory; with "
        "components and d > n O(n² d + n³) and O(n d)");
    is.parameter(
          "geodesic_step", &Gmml::geodesic_step,
          "t: 0 is the similar pairs' inverse scatter alone, 1 the dissimilar pairs' scatter")
        .at_least(0)
        .at_most(1);
    is.parameter(
          "regularization", &Gmml::regularization,
          "λ, the weight of the prior, as a part of the mean squared difference of a feature")
        .at_least(0);
    is.parameter("prior", &Gmml::prior, "M₀: the identity, or the inverse covariance")
        .one_of({"identity", "covariance"});
    is.parameter("n_constraints", &Gmml::n_constraints,
                 "pairs of either kind to draw from the labels; null takes all their pairs")
        .at_least(1);
    is.parameter("components", &Gmml::components, "rank of M; null is full").at_least(1);
    describe_kernel(is);
  }

  bool reads_blocks() const override { return true; }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "gmml");
    const std::int64_t d = problem.d(), n = problem.n();
    const std::int64_t r = require_components(components, d, "the number of features");
    if (r == d || n >= d || prior != "identity") return mean_of_scatters(problem, r, d);
    // Of X = Rᵀ·Qᵀ, with orthonormal columns in Q (d × n): S and D are λσ·I outside its span.
    Matrix X = problem.rows(0, n);
    const Eigen::HouseholderQR<Eigen::MatrixXd> factors(X.transpose());
    const Eigen::MatrixXd Q = factors.householderQ() * Eigen::MatrixXd::Identity(d, n);
    SolverProblem within = problem;
    within.examples = nullptr;
    within.X = X * Q;
    X.resize(0, 0);
    Solution solution = mean_of_scatters(within, std::min(r, n), d);
    solution.L = solution.L * Q.transpose();
    return solution;
  }

 private:
  /// Where there are `features` ≥ d, S and D are λσ·I in the others.
  Solution mean_of_scatters(const SolverProblem& problem, std::int64_t r,
                            std::int64_t features) const {
    const std::int64_t d = problem.d();
    PairScatter scatter = require_pair_scatter(problem, n_constraints, "gmml");
    Matrix S = scatter.similar / scatter.n_similar, D = scatter.dissimilar / scatter.n_dissimilar;
    const double sigma = (S.trace() + D.trace()) / (2 * static_cast<double>(features));
    add_prior(problem, regularization * sigma, S, D);

    const Matrix R = root(S, "similar"), Q = root(D, "dissimilar");
    SymmetricEigen mean = symmetric_eigen(R * D * R.transpose());
    const bool leading = r < features && prior == "identity";
    if (leading) {
      mean.values = mean.values.cwiseMax(std::pow(regularization * sigma, 2));
    } else if (mean.values[d - 1] < kFine * mean.values[0]) {
      const Eigen::BDCSVD<Eigen::MatrixXd> fine(R * Q.transpose(), Eigen::ComputeFullU);
      mean = {fine.singularValues().cwiseAbs2(), fine.matrixU().transpose()};
    }

    const Vector roots = mean.values.array().pow(geodesic_step / 2);
    Solution solution{.L = roots.asDiagonal() * mean.vectors};
    R.triangularView<Eigen::Upper>().transpose().solveInPlace<Eigen::OnTheRight>(solution.L);
    if (r < features) solution.L = factorize(solution.L.transpose() * solution.L).topRows(r);
    solution.objective = mean.values.array().log().square().sum();
    if (features > d)
      solution.objective +=
          static_cast<double>(features - d) * std::pow(2 * std::log(regularization * sigma), 2);
    solution.objective *= geodesic_step * (1 - geodesic_step);
    return solution;
  }

  void add_prior(const SolverProblem& problem, double weight, Matrix& S, Matrix& D) const {
    if (weight == 0) return;
    const std::int64_t d = problem.d();
    if (prior == "identity") {
      S.diagonal().array() += weight;
      D.diagonal().array() += weight;
      return;
    }
    Indices all(static_cast<std::size_t>(problem.n()));
    std::iota(all.begin(), all.end(), std::int64_t{0});
    const Matrix C =
        std::move(scatter_within(problem, {all}, {[](std::int64_t) { return 1.0; }}).sums[0]);
    const Eigen::LLT<Matrix> factor(C);
    if (factor.info() != Eigen::Success || factor.rcond() < 1e-14)
      throw Error(
          "the covariance of these examples is singular and has no inverse; take the prior "
          "\"identity\"")
          .in("prior");
    const Matrix M0 = factor.solve(Matrix::Identity(d, d));
    const double scale = static_cast<double>(d) / M0.trace();
    S += weight / scale * C;
    D += weight * scale * (M0 + M0.transpose()) / 2;
  }

  /// The upper Cholesky factor of the scatter of these pairs.
  Matrix root(const Matrix& A, std::string_view pairs) const {
    const Eigen::LLT<Matrix, Eigen::Upper> factor(A);
    Matrix R = factor.matrixU();
    // Rounding may let the factorisation of a singular matrix pass.
    const double rounding = 1e-15 * static_cast<double>(A.rows());
    if (factor.info() != Eigen::Success ||
        (R.diagonal().array().square() <= rounding * A.diagonal().array()).any())
      throw Error(
          fmt::format("{} leaves the scatter of the {} pairs singular; give more pairs or a "
                      "larger value",
                      regularization, pairs))
          .in("regularization");
    return R;
  }

  double geodesic_step = 0.5;
  double regularization = 1e-6;
  std::string prior = "identity";
  std::optional<std::int64_t> n_constraints, components;
};

METRICLAB_PLUGIN(Gmml, "gmml");

}  // namespace
