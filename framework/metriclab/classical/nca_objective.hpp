// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/classical/pair_tiles.hpp>
#include <metriclab/classical/soft_neighbors.hpp>
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
/// i.)
///
/// Where few pairs may have a p_ij above e⁻²⁶ (NeighborScreen finds them), only these are summed,
/// in double, from their differences: what is left out is below n·e⁻²⁶. Otherwise all are, on
/// matrix products of one half of the pairs: in single precision where
/// NeighborScreen::single_suffices, an error of 10⁻⁴ in a squared distance being that part of a
/// p_ij, and in double otherwise.
///
/// Cost of an evaluation: O(n²·r + n·r·d) time, or O(n² + n·r·d) while the few pairs are found
/// again from the last ones; O(n·d + n²) memory up to n = 16 000, then O(n·d).
class NcaObjective {
 public:
  NcaObjective(const Matrix& X, const std::vector<std::int32_t>& y);

  /// The value; `gradient` is set to its derivative by L, (r × d).
  double operator()(const Matrix& L, Matrix& gradient);

 private:
  NeighborScreen screen_;
  PairTiles<double> finer_tiles_;
  Matrix X_;                       // (n × d), centred, class after class
  std::vector<std::int32_t> end_;  // (n) where each example's class ends
};

}  // namespace metriclab
