// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/classical/linear_algebra.hpp>
#include <vector>

namespace metriclab {

/// How many subsequences of `length` elements never fall, of a sequence of whole numbers from 0 to
/// below `values`: by adding up, for each length and each element, those that end at no greater
/// one, in Fenwick trees (Fenwick. A new data structure for cumulative frequency tables. Software:
/// Practice and Experience 1994). Counts are doubles, exact below 2⁵³. O(length·log values) time an
/// element, O(length·values) memory.
class ChainCounter {
 public:
  /// length ≥ 1, values ≥ 1.
  ChainCounter(std::int64_t length, std::int64_t values);

  /// Begins with an empty sequence.
  void clear();
  void append(std::int64_t value);
  /// Of the sequence so far.
  double count() const { return whole_; }

 private:
  std::int64_t length_, values_;
  std::vector<double> sums_;  // of length 1, 2, … length − 1: a tree of `values` each
  double whole_ = 0;
};

/// The chains in the neighbourhoods of all examples: of the labels of an example's nearest ones, by
/// rising distance, the subsequences of `length` that only go away from its own,
///
///     Σ_i #{t_1 < … < t_length:  y_i ≤ y(i, t_1) ≤ … ≤ y(i, t_length),  or the same with ≥}
///
/// y(i, t): the label of the t-th nearest of x_i among the rows of Z, x_i itself being the first, t
/// up to `neighborhood`, or n. A chain of x_i's class alone goes either way and counts once.
/// Distances are taken from matrix products: a squared one below 10⁻¹⁴ of the squared norms is 0,
/// and those that agree to a part n·2⁻⁵¹ of themselves are ties, which go by index.
class ChainObjective {
 public:
  /// y (n) holds numbers from 0; length ≥ 1, neighborhood ≥ 1.
  ChainObjective(const std::vector<std::int32_t>& y, std::int64_t length,
                 std::int64_t neighborhood);

  /// Of Z (n × r), which is better centred. O(n²·r) time on matrix products and O(n·(n +
  /// neighborhood·length·log classes)); a tile of products in memory.
  double operator()(const Matrix& Z);

  /// The most there can be: all subsequences of all neighbourhoods.
  double most() const;

 private:
  /// Sets `nearest_` by the keys, rising; the key of the example itself is the greatest.
  void find_nearest(std::int64_t mask);
  /// Of an example of this label and its `nearest_`.
  double chains_of(std::int32_t label);

  const std::vector<std::int32_t>& y_;
  std::int64_t length_, near_;  // without the example itself
  ChainCounter up_, down_;
  std::vector<double> level_;  // by how many of x_i's class are near
  std::vector<std::int64_t> keys_, minima_, candidates_, ranks_, nearest_;
  Matrix products_;
};

}  // namespace metriclab
