// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/classical/linear_algebra.hpp>
#include <vector>

namespace metriclab {

/// How far the soft neighbours of each example are from being its class, as a function of L (r ×
/// d):
///
///     mean over i of KL(q_i ‖ p_i) up to a constant
///         = mean over i of [mean over j ≠ i of y_i's class of d²_ij + log Σ_{k ≠ i} exp(−d²_ik)]
///     p_ij = exp(−d²_ij)/Σ_{k ≠ i} exp(−d²_ik),  d_ij = ‖L(x_i − x_j)‖
///
/// q_i: uniform over the others of the class; the means run over examples that have others. Convex
/// in M = LᵀL (Globerson, Roweis. Metric learning by collapsing classes. NIPS 2005, equations 4 to
/// 6). Cost of an evaluation: O(n²·r + n·r·d) on matrix products; O(n·d + 256·n) memory.
class McmlObjective {
 public:
  /// At least one class has two examples.
  McmlObjective(const Matrix& X, const std::vector<std::int32_t>& y);

  /// The value; `gradient` is set to its derivative by L, (r × d).
  double operator()(const Matrix& L, Matrix& gradient) const;

 private:
  Matrix X_;                               // (n × d), centred, class after class
  std::vector<std::int64_t> begin_, end_;  // (n) where each example's class lies
  double counted_ = 0;                     // examples that are not alone in their class
};

}  // namespace metriclab
