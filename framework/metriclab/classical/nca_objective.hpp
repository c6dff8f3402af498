// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/classical/linear_algebra.hpp>
#include <vector>

namespace metriclab {

/// The objective of neighbourhood components analysis as a function of L (r × d):
///
///     mean over i of Σ_{j ≠ i, y_j = y_i} p_ij,  p_ij = exp(−‖L(x_i − x_j)‖²) / Σ_{k ≠ i}
///     exp(−‖L(x_i − x_k)‖²)
///
/// the expected leave-one-out accuracy of a stochastic neighbour; in 0 … 1, to be maximised. An
/// example that is alone in its class counts as 0. n ≥ 2. (Goldberger, Roweis, Hinton,
/// Salakhutdinov. Neighbourhood components analysis. NIPS 2004, equations 1 to 5, there a sum over
/// i.) Cost of an evaluation: O(n²·r + n·r·d) on matrix products, a block of rows at a time: O(n·d
/// + 256·n) memory.
class NcaObjective {
 public:
  NcaObjective(const Matrix& X, const std::vector<std::int32_t>& y);

  /// The value; `gradient` is set to its derivative by L, (r × d).
  double operator()(const Matrix& L, Matrix& gradient) const;

 private:
  Matrix X_;  // (n × d), centred
  std::vector<std::int32_t> y_;
};

}  // namespace metriclab
