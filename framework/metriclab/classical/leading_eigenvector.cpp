// SPDX-License-Identifier: BSD-3-Clause
#include <lapacke.h>

#include <metriclab/classical/leading_eigenvector.hpp>
#include <metriclab/classical/linear_algebra.hpp>
#include <vector>

namespace metriclab {

EigenPair leading_eigenvector(const Matrix& A) {
  METRICLAB_CHECK(A.rows() == A.cols() && A.rows() > 0, "an eigenvector of no square matrix");
  const auto d = static_cast<lapack_int>(A.rows());
  Matrix copy = A;
  std::vector<double> values(static_cast<std::size_t>(d));
  Matrix vector(1, d);
  std::vector<lapack_int> support(2 * static_cast<std::size_t>(d));
  lapack_int found = 0;
  // Symmetric, so that rows serve as columns.
  const lapack_int failure =
      LAPACKE_dsyevr(LAPACK_COL_MAJOR, 'V', 'I', 'U', d, copy.data(), d, 0, 0, d, d, 0, &found,
                     values.data(), vector.data(), d, support.data());
  METRICLAB_CHECK(failure == 0 && found == 1, "an eigenvalue iteration that did not converge");
  fix_signs(vector);
  return {values[0], vector.row(0).transpose()};
}

}  // namespace metriclab
