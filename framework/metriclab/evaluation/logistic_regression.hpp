// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/data/examples.hpp>
#include <span>
#include <vector>

namespace metriclab {

/// Multinomial logistic regression: p(c | x) ∝ exp(w_c·x + b_c).
struct LogisticRegression {
  Matrix weights;          // (classes × d)
  Vector biases;           // (classes)
  double gradient = 0;     // the greatest absolute value of the objective's partial derivatives
  std::int64_t steps = 0;  // of L-BFGS
  bool converged = false;  // gradient ≤ tolerance

  /// The class with the greatest probability of each row of X (n × d); ties: the smallest.
  std::vector<std::int32_t> predict(const Matrix& X) const;
};

/// Lowers
///
///     −(1/n) Σ_i log p(y_i | x_i) + λ/2 Σ_c ‖w_c‖²
///
/// from `model`, whose weights and biases say how many classes there are, until no partial
/// derivative is beyond ±tolerance, at most max_iterations steps: L-BFGS of 10 pairs, each step the
/// first found by bisection that satisfies Wolfe's weak conditions (Liu, Nocedal. On the limited
/// memory BFGS method for large scale optimization. Mathematical Programming 1989; Lewis, Overton.
/// Nonsmooth optimization via quasi-Newton methods. Mathematical Programming 2013). The objective
/// is convex, and where it is least the weights are unique for λ > 0. X: (n × d), y: (n) in 0 …
/// classes − 1; n ≥ 1. Where rounding leaves no lower value to be found it stops before, not
/// converged. O(steps · n · d · classes) time, O(d · classes) memory and a block of rows.
void fit(LogisticRegression& model, const Matrix& X, std::span<const std::int32_t> y, double lambda,
         double tolerance, std::int64_t max_iterations);

}  // namespace metriclab
