// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/classical/pair_sums.hpp>
#include <metriclab/data/dataset.hpp>
#include <vector>

namespace metriclab {

/// The mean log-likelihood of pairs being similar or not by a logistic model of their squared
/// distance, as a function of L (r × d) and b:
///
///     mean over pairs of log σ(±(b − ‖L(x_i − x_j)‖²)),  + for a similar pair, − for a dissimilar
///     one;  σ(z) = 1/(1 + exp(−z))
///
/// At most 0; concave in M = LᵀL and b (Guillaumin, Verbeek, Schmid. Is that you? Metric learning
/// approaches for face identification. ICCV 2009, equations 5 to 7, there a sum). Cost of an
/// evaluation: O(n²·r + n·r·d) on matrix products for all pairs of labels, O(pairs·r + n·r·d) for
/// some.
class LdmlObjective {
 public:
  /// Over all pairs of examples, similar where the label is the same.
  LdmlObjective(const Matrix& X, const std::vector<std::int32_t>& y);
  /// Over these pairs.
  LdmlObjective(const Matrix& X, const std::vector<LabelledPair>& pairs);

  /// The value; the gradients are set to its derivatives by L, (r × d), and by b.
  double operator()(const Matrix& L, double b, Matrix& by_L, double& by_b) const;

  /// The mean of ‖L(x_i − x_j)‖² over the pairs.
  double mean_distance(const Matrix& L) const;

 private:
  double over_labels(const Matrix& Z, double b, Matrix& laplacian, double& by_b) const;
  double over_pairs(const Matrix& Z, double b, Matrix& laplacian, double& by_b) const;

  Matrix X_;                       // (n × d), centred; of labels class after class
  std::vector<std::int64_t> end_;  // (n) where each example's class ends; of labels only
  std::vector<RowPair> pairs_;     // the similar ones first; none of labels
  std::int64_t n_similar_ = 0;     // of these
  double count_ = 0;
};

}  // namespace metriclab
