// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/classical/linear_algebra.hpp>
#include <vector>

namespace metriclab {

/// The mean log-likelihood of classes given by the distances from centroids, as a function of L (r
/// × d):
///
///     mean over i of log p(y_i | x_i),  p(c | x) = Σ_{j of c} q_j(x),
///     q_j(x) = exp(−½‖L(x − m_j)‖²) / Σ_k exp(−½‖L(x − m_k)‖²)
///
/// m_j: K fixed centroids in the input space, each of a class; every class has one. At most 0.
/// (Mensink, Verbeek, Perronnin, Csurka. Distance-based image classification: generalizing to new
/// classes at near-zero cost. IEEE Transactions on Pattern Analysis and Machine Intelligence 2013,
/// equations 5 to 8 for class means, 18 to 20 for centroids.)
///
/// With g = ∂/∂‖L(x_i − m_j)‖² (n × K), whose rows sum to 0, the gradient is −2·L·(H'M + M'H −
/// M'·diag(1'g)·M) with H = g'X: no example is mapped. Cost: O(n·K·d + K·d·r), O(n·(d + K)) memory.
class ClassMeanObjective {
 public:
  /// X (n × d), y (n), centroids (K × d) with their classes (K).
  ClassMeanObjective(const Matrix& X, const std::vector<std::int32_t>& y, const Matrix& centroids,
                     const std::vector<std::int32_t>& classes);

  /// The value; `gradient` is set to its derivative by L, (r × d).
  double operator()(const Matrix& L, Matrix& gradient) const;

 private:
  Matrix X_, centroids_;  // both less the mean of X
  std::vector<std::int32_t> y_, classes_;
};

}  // namespace metriclab
