// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <cmath>
#include <limits>
#include <metriclab/classical/lbfgs.hpp>
#include <metriclab/classical/separation.hpp>

namespace metriclab {

Matrix separating_coordinates(const Matrix& similar, const Matrix& dissimilar,
                              double regularization, std::string_view solver) {
  constexpr double kNone = 1e-12;  // of the greatest ratio, below which there is only rounding
  const double rounding = 1e-15 * static_cast<double>(similar.rows());
  if (similar.trace() <= 0)
    throw Error(fmt::format(
        "{} needs similar pairs of examples that differ; there are none, or both are equal in each",
        solver));
  if (dissimilar.trace() <= 0)
    throw Error(fmt::format(
        "{} needs dissimilar pairs of examples that differ; there are none, or both are equal in "
        "each",
        solver));
  // Features are scaled first, for the sake of rounding alone.
  Matrix C = similar;
  C.diagonal().array() += regularization * similar.trace() / static_cast<double>(similar.rows());
  const Vector scale =
      C.diagonal().unaryExpr([](double square) { return square > 0 ? 1 / std::sqrt(square) : 1; });
  const SymmetricEigen bound = symmetric_eigen(scale.asDiagonal() * C * scale.asDiagonal());
  const auto rank = numerical_rank(bound.values, rounding);
  const Matrix free = bound.vectors.bottomRows(bound.values.size() - rank) * scale.asDiagonal();
  const Vector unbounded = (free * dissimilar * free.transpose()).diagonal();
  const double most = (scale.asDiagonal() * dissimilar * scale.asDiagonal()).diagonal().maxCoeff();
  if ((unbounded.array() > rounding * most).any())
    throw Error(fmt::format("{} finds dissimilar pairs that differ in a direction in which no "
                            "similar pair does, so that their distance has no bound; give more "
                            "similar pairs, or a value above 0",
                            solver))
        .in("regularization");
  const Matrix whitening = bound.values.head(rank).cwiseSqrt().cwiseInverse().asDiagonal() *
                           bound.vectors.topRows(rank) * scale.asDiagonal();
  const SymmetricEigen ratio = symmetric_eigen(whitening * dissimilar * whitening.transpose());
  return ratio.vectors.topRows(numerical_rank(ratio.values, kNone)) * whitening;
}

double separation_gap(double g, const Matrix& H) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(H, Eigen::EigenvaluesOnly);
  return std::sqrt(solver.eigenvalues().maxCoeff() / g) - 1;
}

Solution maximize_separation(const SolverProblem& problem, const std::string& solver,
                             const SeparationObjective& objective, const Matrix& Q,
                             const Vector& spread, std::int64_t max_iterations, double tolerance,
                             const std::optional<double>& time_limit) {
  constexpr double kShort = 1e-6;
  constexpr int kCheckEvery = 4;  // eigenvalues cost about what an iteration does
  // Of the B evaluated last, which nearly always is the one a line search accepts.
  Matrix last;
  Matrix H(Q.rows(), Q.rows());
  double g = 0;
  auto minimised = [&](const Matrix& B, Matrix& gradient) {
    const double square = B.squaredNorm();
    last = B;
    g = objective(B, H);
    if (!(g > 0)) return std::numeric_limits<double>::infinity();
    gradient = B / square;
    gradient.noalias() -= B * (H / g);
    return 0.5 * std::log(square) - std::log(g);
  };
  Iterations iterations(problem, solver, max_iterations, time_limit);
  const LbfgsOptions options{.max_iterations = max_iterations,
                             .converged =
                                 [&](const Matrix& B, const Matrix& /*gradient*/) {
                                   if (iterations.count() % kCheckEvery != 0) return false;
                                   if (B != last) {
                                     last = B;
                                     g = objective(B, H);
                                   }
                                   const double length = B.norm();
                                   return separation_gap(g / length, H * length) <= tolerance;
                                 },
                             .memory = 20,
                             .go_on =
                                 [&](double value) {
                                   iterations.end_one(std::exp(-value));
                                   return !iterations.out_of_time();
                                 }};
  Minimum minimum =
      minimize_lbfgs(minimised, spread.cwiseSqrt().asDiagonal().toDenseMatrix(), options);
  const Matrix B = minimum.x / minimum.x.norm();
  const SymmetricEigen metric = symmetric_eigen(B.transpose() * B);
  const auto rank = numerical_rank(metric.values, kShort * kShort);
  for (double& value : minimum.values) value = std::exp(-value);
  return {.L = metric.values.head(rank).cwiseSqrt().asDiagonal() * metric.vectors.topRows(rank) * Q,
          .objective = std::exp(-minimum.value),
          .iterations = minimum.iterations,
          .stopped = std::move(minimum.stopped),
          .objectives = std::move(minimum.values)};
}

}  // namespace metriclab
