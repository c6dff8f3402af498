// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>

namespace metriclab {

/// With what weights an anchor's negatives are drawn by distance-weighted sampling: by the inverse
/// of how many points of a unit sphere in m dimensions are as far (Wu et al. ICCV 2017, section 4),
///
///     log w(d) = (2 − m) log d − (m − 3)/2 · log(1 − d²/4)
///
/// where distances below `cutoff` count as that. A negative from `greatest` on, or at the other end
/// of the sphere (d ≥ 2, where w is infinite), has weight 0.
struct DistanceWeighting {
  std::int64_t dimensions = 0;  // m
  double cutoff = 0;
  double greatest = 0;

  /// The weights, which sum up to 1 (all 0 where none is near enough); false: all are 0.
  template <class T>
  bool weigh(std::span<const T> distances, std::span<double> weights) const;
};

}  // namespace metriclab
