// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/classical/linear_algebra.hpp>
#include <vector>

namespace metriclab {

/// The large-margin objective with a metric for each class, as a function of their L, one upon
/// another, (C·r × d):
///
///     (1 − μ)·Σ_{i, j in T(i)} d²_ij + μ·Σ_{i, j in T(i), l: y_l ≠ y_i} [1 + d²_ij − d²_il]₊
///     d_ij = ‖L_c(x_i − x_j)‖,  c the class of j: the metric is that of the example one compares
///     to
///
/// T: target neighbours, of the example's class; sums, not means (Weinberger, Saul. Distance metric
/// learning for large margin nearest neighbor classification. Journal of Machine Learning Research
/// 2009, section 6.1). With all L_c equal it is LmnnObjective. Exact over all impostors.
///
/// Cost of an evaluation: O(n²·r + C·n·r·d) on matrix products, O(n·(d + r) + C·r·d) memory.
class MultiMetricObjective {
 public:
  /// y has labels below `n_classes` (C); those without examples keep what they have.
  MultiMetricObjective(const Matrix& X, const std::vector<std::int32_t>& y, std::int64_t n_classes,
                       const std::vector<Indices>& targets, double mu);

  /// The value; `gradient` is set to its derivative by L (a subgradient at kinks), (C·r × d).
  double operator()(const Matrix& L, Matrix& gradient);

 private:
  Matrix X_;  // (n × d), centred, class after class
  double mu_;
  struct Class {
    std::int64_t label, begin, end;
  };
  std::vector<Class> classes_;  // those that have examples
  std::int64_t n_classes_;
  std::vector<std::int32_t> target_;       // all targets in one row, example after example
  std::vector<std::size_t> target_begin_;  // (n + 1)
  std::vector<double> target_distance_, target_weight_;
  Vector threshold_;  // (n) 1 + the largest distance to a target; 0 without targets
};

}  // namespace metriclab
