// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <metriclab/classical/linear_algebra.hpp>
#include <string>
#include <vector>

namespace metriclab {

struct LbfgsOptions {
  std::int64_t max_iterations = 100;
  /// Converged when the last `window` iterations together lowered f by no more than tolerance ·
  /// |f|, or tolerance² · |f(start)|.
  double tolerance = 1e-6;
  std::int64_t window = 5;
  /// Converged when this says so of x and the gradient, and not by `tolerance`, but where f is
  /// lowered no more; may be empty.
  std::function<bool(const Matrix& x, const Matrix& gradient)> converged = {};
  /// How many steps the approximation of the Hessian remembers.
  std::int64_t memory = 10;
  /// Called after each iteration with f; false ends it for want of time. May be empty.
  std::function<bool(double value)> go_on = {};
};

struct Minimum {
  Matrix x;
  double value = 0;
  std::int64_t iterations = 0;
  std::int64_t evaluations = 0;
  std::string stopped;         // "converged", "iterations" or "time"
  std::vector<double> values;  // f at the start and after each iteration; it never rises
};

/// Minimises f, which returns its value at x and writes its gradient, from `x`, a matrix of any
/// shape.
///
/// L-BFGS (Liu, Nocedal. On the limited memory BFGS method for large scale optimization.
/// Mathematical Programming 1989) with a line search for the weak Wolfe conditions f(t) ≤ f(0) +
/// 10⁻⁴·t·f'(0) and f'(t) ≥ 0.9·f'(0) by bracketing, which also serves functions with kinks (Lewis,
/// Overton. Nonsmooth optimization via quasi-Newton methods. Mathematical Programming 2013). The
/// first step is a tenth of ‖x‖ long, or 1 where x = 0. A trial point where f is not finite counts
/// as too far. When no step lowers f, the memory is dropped; when steepest descent does not either,
/// or the gradient is 0, that is convergence. f must be finite at the start (a Bug otherwise).
/// Deterministic. Cost: about one evaluation and O(memory · dimension) an iteration.
Minimum minimize_lbfgs(const std::function<double(const Matrix& x, Matrix& gradient)>& f, Matrix x,
                       const LbfgsOptions& options);

}  // namespace metriclab
