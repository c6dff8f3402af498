// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/classical/linear_algebra.hpp>
#include <vector>

namespace metriclab {

/// The target neighbours of each example: its `n_neighbors` nearest of the same class in the input
/// space, by rising distance, ties by index. An example of a smaller class has all the others of
/// its class; a class of one has none. O(Σ_c n_c²·d) time, O(n·n_neighbors) memory.
std::vector<Indices> target_neighbors(const Matrix& X, const std::vector<std::int32_t>& y,
                                      std::int64_t n_neighbors);

/// The large-margin nearest neighbour objective as a function of L (r × d):
///
///     (1 − μ)·Σ_{i, j in T(i)} d²_ij + μ·Σ_{i, j in T(i), l: y_l ≠ y_i} [1 + d²_ij − d²_il]₊, d_ij
///     = ‖L(x_i − x_j)‖
///
/// T: target_neighbors; sums, not means (Weinberger, Saul. Distance metric learning for large
/// margin nearest neighbor classification. Journal of Machine Learning Research 2009, equation 13).
///
/// It is exact over all impostors l at every L, yet mostly evaluated on a list of candidate pairs:
/// those nearer than a radius R_i about either end when the list was made, at Z = X·Lᵀ. For Z' =
/// X·L'ᵀ, s the scale that takes Z nearest to Z' and e_i = ‖z'_i − s·z_i‖, a pair that is not
/// listed has d'_il ≥ s·R_i − e_i − e_l; while that is above 1 + max_j d'²_ij for each i, no
/// impostor is missed. Otherwise the list is made anew, on matrix products. Cost of an evaluation:
/// O(n²·r) on matrix products for a new list, O(candidates·r) without; and O(n·r·d). Memory: O(n·d
/// + candidates).
class LmnnObjective {
 public:
  LmnnObjective(const Matrix& X, const std::vector<std::int32_t>& y, std::vector<Indices> targets,
                double mu);

  /// The value; `gradient` is set to its derivative by L (a subgradient at kinks), (r × d).
  double operator()(const Matrix& L, Matrix& gradient);

  /// The value where the examples, in the order they were given in, are at the rows of Z (n × r),
  /// whatever took them there; `by_Z` is set to its derivative by these.
  double at_embeddings(const Matrix& Z, Matrix& by_Z);

  /// How often the list was made, and for how many evaluations.
  std::int64_t lists() const { return lists_; }
  std::int64_t evaluations() const { return evaluations_; }

 private:
  struct Pair {
    std::int32_t i, l;
  };
  /// The value at Z, in the order of the classes; half of its derivative is set.
  double value_at(const Matrix& Z, Matrix& laplacian);
  bool still_exact(const Matrix& Z) const;
  void make_list(const Matrix& Z);
  double sum_over_list(const Matrix& Z, Matrix& laplacian);

  Matrix X_;       // (n × d), centred, in the order of the classes
  Indices order_;  // this order, of the examples as given
  std::vector<std::int32_t>
      first_;  // (n) the first example of the next class: impostors l > i begin there
  std::vector<std::int32_t> target_;       // all targets in one row, example after example
  std::vector<std::size_t> target_begin_;  // (n + 1)
  double mu_ = 0.5;

  std::vector<double> target_distance_;  // d² of each target at the present L
  Vector threshold_;                     // (n) 1 + the largest of an example's target_distance_
  std::vector<double> target_weight_;    // Laplacian weights, while they are summed

  std::vector<Pair> candidates_;
  Matrix listed_;        // Z when the list was made
  Vector radius_;        // R when the list was made
  double margin_ = 0.1;  // R_i = (1 + margin)·√threshold_i
  std::int64_t since_list_ = 0;
  std::int64_t lists_ = 0, evaluations_ = 0;
};

}  // namespace metriclab
