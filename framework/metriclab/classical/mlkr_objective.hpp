// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/classical/pair_tiles.hpp>
#include <metriclab/classical/soft_neighbors.hpp>

namespace metriclab {

/// The leave-one-out squared error of kernel regression as a function of L (r × d):
///
///     Σ_i (y_i − ŷ_i)²,  ŷ_i = Σ_{j ≠ i} k_ij y_j / Σ_{j ≠ i} k_ij,  k_ij = exp(−‖L(x_i − x_j)‖²)
///
/// n ≥ 2. (Weinberger, Tesauro. Metric learning for kernel regression. AISTATS 2007, equations 3 to
/// 7, with σ = 1.)
///
/// Where few pairs may have a part above e⁻²⁶ in an estimate (NeighborScreen finds them), only
/// these are summed, in double, from their differences; otherwise all, on matrix products of one
/// half of the pairs, in single precision where NeighborScreen::single_suffices and in double
/// otherwise.
///
/// Cost of an evaluation: O(n²·r + n·r·d) time, or O(n² + n·r·d) while the few pairs are found
/// again from the last ones; O(n·d + n²) memory up to n = 16 000, then O(n·d).
class MlkrObjective {
 public:
  MlkrObjective(const Matrix& X, const Vector& targets);

  /// The value; `gradient` is set to its derivative by L, (r × d).
  double operator()(const Matrix& L, Matrix& gradient);

 private:
  Matrix X_;  // (n × d), centred
  Vector y_;  // (n), centred
  NeighborScreen screen_;
  PairTiles<double> finer_tiles_;
};

}  // namespace metriclab
