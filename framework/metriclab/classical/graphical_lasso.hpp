// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <metriclab/classical/linear_algebra.hpp>
#include <string>
#include <vector>

namespace metriclab {

struct GraphicalLassoOptions {
  std::int64_t max_iterations = 100;
  double tolerance = 1e-8;  // "converged" when the duality gap is at most that
  /// Called after each iteration with f; false ends it for want of time. May be empty.
  std::function<bool(double value)> go_on = {};
};

struct GraphicalLasso {
  Matrix M;  // (d × d), positive definite
  double value = 0;
  double gap = 0;  // value is above the least by no more; infinite where no bound is known
  std::int64_t iterations = 0;
  std::string stopped;  // "converged" (or no step lowers f but for rounding), "iterations", "time"
  std::vector<double> values;  // f at the start and after each iteration; it never rises
};

/// The sparse inverse of P (d × d), positive definite:
///
///     minimise over M:  f(M) = tr(PM) − log det M + λ·Σ_{i ≠ j} |M_ij|
///
/// The optimum is unique. By Newton steps with a line search: each direction minimises the second
/// order model of the smooth part with the λ term kept, by three sweeps of coordinate descent over
/// the diagonal and the entries that are not 0 or whose gradient exceeds λ (Hsieh, Sustik, Dhillon,
/// Ravikumar. Sparse inverse covariance matrix estimation using quadratic approximation. NIPS
/// 2011), and then by conjugate gradients while the signs stay (as in Olsen, Oztoprak, Nocedal,
/// Rennie. Newton-like methods for sparse inverse covariance estimation. NIPS 2012). Begins at P⁻¹
/// or at the inverse of P's diagonal, whichever is better. The gap is that to the dual,
///
///     maximise over Σ:  log det Σ + d  subject to  Σ_ii = P_ii,  |Σ_ij − P_ij| ≤ λ
///
/// at M⁻¹ put within these bounds. O(d³) time an iteration and sweep; O(d²) memory.
GraphicalLasso graphical_lasso(const Matrix& P, double lambda,
                               const GraphicalLassoOptions& options);

}  // namespace metriclab
