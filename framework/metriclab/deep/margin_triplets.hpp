// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <limits>
#include <metriclab/deep/tuple_miner.hpp>

namespace metriclab {

/// Which triplets: by how far the negative is beyond the positive, g = d(a, n) − d(a, p), those
/// with low < g ≤ high.
struct Gap {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();

  /// The same as an open interval.
  template <class T>
  Kept<T> open() const {
    return {static_cast<T>(low),
            std::nextafter(static_cast<T>(high), std::numeric_limits<T>::infinity())};
  }
};

/// Every triplet of such a gap; with `nearest`, of those of one positive pair only the one with the
/// nearest negative, of several as near the first of the lowest class.
Tuples triplets_by_gap(const AnchorRows& rows, const Gap& gap, bool nearest, TupleList& found);

}  // namespace metriclab
