// SPDX-License-Identifier: BSD-3-Clause
#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/classical/graphical_lasso.hpp>
#include <utility>

namespace metriclab {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// log det A, −∞ where A is not positive definite; on request its inverse.
double log_det(const Matrix& A, Matrix* inverse = nullptr) {
  const Eigen::LLT<Eigen::MatrixXd> factor(A);
  if (factor.info() != Eigen::Success) return -kInfinity;
  if (inverse != nullptr) {
    const Matrix full = factor.solve(Eigen::MatrixXd::Identity(A.rows(), A.rows()));
    *inverse = (full + full.transpose()) / 2;
  }
  const double sum = factor.matrixLLT().diagonal().array().log().sum();
  return std::isfinite(sum) ? 2 * sum : -kInfinity;
}

double off_diagonal(const Matrix& M) { return M.cwiseAbs().sum() - M.diagonal().cwiseAbs().sum(); }

double shrunk(double value, double by) {
  return std::copysign(std::max(std::abs(value) - by, 0.0), value);
}

/// M + E; an entry off the diagonal that would change its sign becomes 0.
Matrix keeping_signs(const Matrix& M, const Matrix& E) {
  Matrix sum = M + E;
  for (Eigen::Index i = 0; i < M.rows(); ++i)
    for (Eigen::Index j = 0; j < M.cols(); ++j)
      if (i != j && sum(i, j) * M(i, j) < 0) sum(i, j) = 0;
  return sum;
}

class Newton {
 public:
  Newton(const Matrix& P, double lambda) : P_(P), lambda_(lambda) {}

  double value(const Matrix& M, Matrix* inverse = nullptr) const {
    return P_.cwiseProduct(M).sum() - log_det(M, inverse) + lambda_ * off_diagonal(M);
  }

  double gap(const Matrix& W, double value) const {
    Matrix sigma = P_ + (W - P_).cwiseMax(-lambda_).cwiseMin(lambda_);
    sigma.diagonal() = P_.diagonal();
    return std::max(0.0, value - log_det(sigma) - static_cast<double>(P_.rows()));
  }

  /// The direction D from M, W = M⁻¹, by some sweeps of coordinate descent.
  Matrix direction(const Matrix& M, const Matrix& W, std::int64_t sweeps) const {
    constexpr double kSmall = 1e-3;  // of the first sweep's moves, those not worth another sweep
    const Eigen::Index d = P_.rows();
    Matrix D = Matrix::Zero(d, d), U = Matrix::Zero(d, d);  // U = D·W
    std::vector<Indices> active(static_cast<std::size_t>(d));
    for (Eigen::Index i = 0; i < d; ++i)
      for (Eigen::Index j = i; j < d; ++j)
        if (i == j || M(i, j) != 0 || std::abs(P_(i, j) - W(i, j)) > lambda_)
          active[static_cast<std::size_t>(i)].push_back(j);
    double first = 0;
    for (std::int64_t sweep = 0; sweep < sweeps; ++sweep) {
      double moved = 0;
      for (Eigen::Index i = 0; i < d; ++i) {
        // Row i of W·D·W, kept up to date while D changes.
        Eigen::RowVectorXd bent = W.row(i) * U;
        for (Eigen::Index j : active[static_cast<std::size_t>(i)]) {
          const double slope = P_(i, j) - W(i, j) + bent[j];
          double step = 0, curve = W(i, i) * W(i, i);
          if (i == j) {
            step = -slope / curve;
            D(i, i) += step;
            U.row(i) += step * W.row(i);
            bent += step * W(i, i) * W.row(i);
          } else {
            curve = W(i, j) * W(i, j) + W(i, i) * W(j, j);
            const double now = M(i, j) + D(i, j);
            step = shrunk(now - slope / curve, lambda_ / curve) - now;
            if (step == 0) continue;
            D(i, j) += step;
            D(j, i) += step;
            U.row(i) += step * W.row(j);
            U.row(j) += step * W.row(i);
            bent += step * (W(i, i) * W.row(j) + W(i, j) * W.row(i));
          }
          moved += step * step * curve;
        }
      }
      if (sweep == 0) first = moved;
      if (moved <= kSmall * kSmall * first) break;
    }
    return D;
  }

  /// What is to be added to D to minimise the model while the signs of M + D stay, by conjugate
  /// gradients on the entries that are not 0 in it: W·(D + E)·W = W − P − λ·sign(M + D) there.
  /// M·R·M, which is the inverse where all are free, preconditions.
  Matrix refinement(const Matrix& M, const Matrix& W, const Matrix& D) const {
    constexpr std::int64_t kMost = 60;
    constexpr double kEnough = 1e-6;  // of the residual's square, in the norm of its inverse
    const Matrix free = ((M + D).array() != 0).cast<double>();
    Matrix signs = (M + D).array().sign();
    signs.diagonal().setZero();
    Matrix half, product;
    auto multiply = [&](const Matrix& by, const Matrix& X) {
      half.noalias() = by * X;
      product.noalias() = half * by;
      product.array() *= free.array();
    };
    multiply(W, D);
    Matrix R = (W - P_ - lambda_ * signs).cwiseProduct(free) - product;
    multiply(M, R);
    Matrix E = Matrix::Zero(M.rows(), M.cols()), Q = product;
    double size = R.cwiseProduct(product).sum();
    const double enough = kEnough * size;
    for (std::int64_t k = 0; k < kMost && size > enough; ++k) {
      multiply(W, Q);
      const double length = size / Q.cwiseProduct(product).sum();
      E += length * Q;
      R -= length * product;
      multiply(M, R);
      const double next = R.cwiseProduct(product).sum();
      Q = product + next / size * Q;
      size = next;
    }
    return (E + E.transpose()) / 2;
  }

 private:
  const Matrix& P_;
  double lambda_;
};

}  // namespace

GraphicalLasso graphical_lasso(const Matrix& P, double lambda,
                               const GraphicalLassoOptions& options) {
  constexpr double kDecrease = 1e-3, kShortest = 1e-10, kShortestRefined = 1e-2;
  constexpr std::int64_t kSweeps = 3;  // which settle most of the signs
  const Newton newton(P, lambda);
  METRICLAB_CHECK(P.diagonal().minCoeff() > 0, "a graphical lasso of no positive diagonal");
  GraphicalLasso found;
  Matrix W, next_W;
  found.M = P.diagonal().cwiseInverse().asDiagonal().toDenseMatrix();
  found.value = newton.value(found.M, &W);
  if (Matrix inverse; std::isfinite(log_det(P, &inverse)))
    if (const double value = newton.value(inverse, &next_W); value < found.value) {
      found.M = std::move(inverse);
      found.value = value;
      std::swap(W, next_W);
    }
  found.values.push_back(found.value);
  found.gap = newton.gap(W, found.value);
  found.stopped = found.gap <= options.tolerance ? "converged" : "iterations";
  while (found.stopped == "iterations" && found.iterations < options.max_iterations) {
    const Matrix D = newton.direction(found.M, W, kSweeps);
    const double slope = (P - W).cwiseProduct(D).sum() +
                         lambda * (off_diagonal(found.M + D) - off_diagonal(found.M));
    const Matrix E = newton.refinement(found.M, W, D);
    Matrix next;
    double value = kInfinity, length = 1;
    auto lowers_enough = [&](Matrix tried, double due) {
      next = std::move(tried);
      value = newton.value(next, &next_W);
      return value <= found.value + kDecrease * due;
    };
    while (length > kShortestRefined &&
           !lowers_enough(keeping_signs(found.M + D, length * E), slope))
      length /= 4;
    if (length <= kShortestRefined)
      for (length = 1; length > kShortest; length /= 2)
        if (lowers_enough(found.M + length * D, length * slope)) break;
    if (!(value < found.value)) {  // nothing but rounding is left
      found.stopped = "converged";
      break;
    }
    found.M = next;
    found.value = value;
    std::swap(W, next_W);
    ++found.iterations;
    found.values.push_back(value);
    const bool in_time = !options.go_on || options.go_on(value);
    found.gap = newton.gap(W, value);
    if (found.gap <= options.tolerance)
      found.stopped = "converged";
    else if (!in_time)
      found.stopped = "time";
  }
  return found;
}

}  // namespace metriclab
