// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/data/examples.hpp>

namespace metriclab {

/// The largest eigenvalue of a symmetric (d × d) matrix, with its eigenvector of unit length, the
/// entry of largest magnitude of which is positive. Where the eigenvalue is multiple, one of them.
struct EigenPair {
  double value = 0;
  Vector vector;
};

/// By LAPACK's dsyevr for that one pair: O(d³), a fraction of symmetric_eigen.
EigenPair leading_eigenvector(const Matrix& A);

}  // namespace metriclab
