// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/classical/pair_sums.hpp>
#include <vector>

namespace metriclab {

/// L (r × d) whose columns are the softmax of those of A: L_kj = exp(A_kj)/Σ_m exp(A_mj). It takes
/// histograms of sum 1 to histograms of sum 1.
Matrix column_softmax(const Matrix& A);

/// The large-margin objective of histograms under the χ² distance, as a function of A (r × d):
///
///     (1 − μ)·Σ_{i, j in T(i)} χ²_ij + μ·Σ_{i, j in T(i), l: y_l ≠ y_i} [margin + χ²_ij − χ²_il]₊
///     χ²_ij = ½ Σ_k (z_ik − z_jk)²/(z_ik + z_jk),  z = L·x,  L = column_softmax(A)
///
/// x: rows of X (n × d), none below 0, each of sum 1 (Kedem, Tyree, Sha, Lanckriet, Weinberger.
/// Non-linear metric learning. NIPS 2012, section 3). Exact over all impostors l, yet mostly
/// evaluated on a list of candidate pairs, as LmnnObjective's: the root of χ² is a metric, so a
/// pair that is not listed, √χ²_il ≥ R_i when the list was made at Z, has √χ²_il ≥ R_i − e_i − e_l
/// at Z', e_i = √χ²(z_i, z'_i). (Topsøe. Some inequalities for information divergence and related
/// measures of discrimination. IEEE Transactions on Information Theory 2000, has that it is a
/// metric.)
///
/// Cost of an evaluation: O(n²·r) for a new list, O(candidates·r) without; and O(n·r·d). Memory:
/// O(n·d + candidates).
class ChiSquaredObjective {
 public:
  ChiSquaredObjective(const Matrix& X, const std::vector<std::int32_t>& y,
                      const std::vector<Indices>& targets, double mu, double margin);

  /// The value; `gradient` is set to its derivative by A (a subgradient at kinks), (r × d).
  double operator()(const Matrix& A, Matrix& gradient);

 private:
  bool still_exact(const Matrix& Z) const;
  void make_list(const Matrix& Z);

  Matrix X_;  // (n × d), class after class
  double mu_, margin_;
  std::vector<std::int64_t> end_;          // (n) where each example's class ends
  std::vector<RowPair> target_;            // example and target, example after example
  std::vector<std::size_t> target_begin_;  // (n + 1)
  std::vector<double> target_distance_;    // χ² of each at the present A
  Vector threshold_;                       // (n) margin + the largest of an example's; 0 without
  std::vector<RowPair> candidates_;
  Matrix listed_;       // Z when the list was made
  Vector radius_;       // R when the list was made
  double slack_ = 0.1;  // R_i = (1 + slack)·√threshold_i
  std::int64_t since_list_ = 0;
};

}  // namespace metriclab
