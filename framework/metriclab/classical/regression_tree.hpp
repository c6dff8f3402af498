// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/classical/linear_algebra.hpp>
#include <vector>

namespace metriclab {

/// Regression trees of several outputs on the same axes: T functions of x (d) with values in r
/// dimensions, and their sum.
struct RegressionTrees {
  struct Node {
    std::int64_t feature = -1;  // −1: a leaf
    double threshold = 0;       // x_feature ≤ threshold goes to `child`, otherwise to child + 1
    std::int64_t child = 0;     // of a leaf, the row of its value
  };
  std::vector<std::int64_t> roots;
  std::vector<Node> nodes;
  Matrix values;  // (leaves × r)

  /// Adds Σ_t h_t(x_i) of rows x_i (n × d) to the rows of `sum` (n × r), from tree `first` on.
  void add_to(Matrix& sum, const Matrix& X, std::size_t first = 0) const;
  /// Without the last tree; with its values times `scale`.
  void drop_last();
  void scale_last(double scale);

 private:
  std::int64_t last_leaves() const;
};

/// Grows trees that fit given outputs by least squares:
///
///     each split maximises ‖S_l‖²/n_l + ‖S_r‖²/n_r,  S: the sum of the outputs on a side, n:
///     examples
///
/// greedily, to a depth; a leaf's value is the mean of its outputs
/// (Breiman, Friedman, Olshen, Stone. Classification and regression trees. 1984). Candidate
/// thresholds are between the values of a feature, or between 256 groups of them, found once. Of
/// equal splits the first feature's first is taken, up to a part 10⁻⁹. O(n·d·log n) once, and
/// O(n·d·r) a level of a tree; memory: n·d bytes and O(256·d·r).
class RegressionTreeGrower {
 public:
  /// X (n × d).
  RegressionTreeGrower(const Matrix& X, std::int64_t depth);

  /// Appends a tree that fits `outputs` (n × r).
  void grow(const Matrix& outputs, RegressionTrees& trees) const;

 private:
  struct Split {
    double gain = 0;
    std::int64_t feature = -1, bin = 0;  // bins up to this one go left
  };
  Split best_split(const Matrix& outputs, const Indices& examples) const;

  std::int64_t n_, d_, depth_;
  std::vector<std::uint8_t> bins_;               // (d × n), by feature
  std::vector<std::vector<double>> thresholds_;  // of each feature: between bin b and b + 1
};

}  // namespace metriclab
