// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/data/examples.hpp>
#include <vector>

namespace metriclab {

/// Squared distances of some rows of a matrix to some, (rows × columns), row-major. On the diagonal
/// of the whole and below it they are the largest number there is, so that each pair i < j of
/// examples is in one place of one tile.
template <class T>
struct PairTile {
  std::int64_t top = 0, left = 0, rows = 0, columns = 0;
  const T* values = nullptr;
  const T* row(std::int64_t i) const { return values + i * columns; }
};

/// The squared distances between all rows of Z (n × r), each pair once, tile by tile: on matrix
/// products in T's precision, never negative. They are kept for the next visit while that takes
/// less than half a gigabyte, and computed anew otherwise.
template <class T>
class PairTiles {
 public:
  using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  static constexpr std::int64_t kTile = 256;  // a quarter of a megabyte of floats

  PairTiles() = default;
  explicit PairTiles(const Matrix& Z) { assign(Z); }
  /// Of another Z from here on; memory is kept.
  void assign(const Matrix& Z);

  std::int64_t n() const { return Z_.rows(); }
  const RowMajor& Z() const { return Z_; }
  bool kept() const { return kept_; }
  /// What a distance may be off by, with high probability: √r·u times the largest squared norm
  /// (Higham, Mary. A new approach to probabilistic rounding error analysis. SIAM Journal on
  /// Scientific Computing 2019); 2·√r times that is a bound that doesn't rest on chance.
  double error() const;

  /// Calls use(tile) for each, top to bottom and left to right.
  template <class Use>
  void visit(Use use) {
    std::size_t number = 0;
    for (std::int64_t top = 0; top < n(); top += kTile)
      for (std::int64_t left = top; left < n(); left += kTile) use(tile(top, left, number++));
  }

 private:
  PairTile<T> tile(std::int64_t top, std::int64_t left, std::size_t number);

  RowMajor Z_;
  std::vector<T> norms_;
  bool kept_ = false;
  std::vector<RowMajor> tiles_;  // all of them where they are kept, otherwise the present one
  std::vector<bool> known_;      // which of these are of the present Z
};

}  // namespace metriclab
