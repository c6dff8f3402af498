// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/classical/pair_sums.hpp>
#include <metriclab/classical/pair_tiles.hpp>
#include <vector>

namespace metriclab {

// What objectives share that give each example i soft neighbours: weights e_ij = exp(m_i − d_ij), d
// the squared distances between the rows of Z, m_i the smallest of i's.

/// m, over tiles that hold each pair once.
template <class T>
std::vector<T> nearest_distances(PairTiles<T>& tiles);

/// Pairs of rows of Z for which e_ij or e_ji is e⁻²⁶ or more, i < j, tile after tile.
struct NearPairs {
  std::vector<RowPair> pairs;
  Vector distances;      // (count): squared, from differences in double precision
  Vector first, second;  // (count): e_ij and e_ji
};

/// Finds the near pairs of one Z after another, as an optimiser moves it. All distances are found
/// once in single precision; with the way each row has gone since, the triangle inequality then
/// says which pairs are still too far apart to matter. When that leaves many, all are found anew.
class NeighborScreen {
 public:
  /// The near pairs of Z (n × r), n ≥ 2, or nothing where they are not few: 0.15 of all at most.
  /// O(n²·r) time at the first call and when found anew; O(n² + count·r) otherwise.
  const NearPairs* few(const Matrix& Z);

  /// How often all were found anew.
  std::int64_t times_anew() const { return times_anew_; }

  // Where they are not few:
  /// Whether single precision will do for all pairs: it is off by no more than 10⁻⁴ in a squared
  /// distance (with high probability, as PairTiles::error says), and n ≥ 512, below which double
  /// costs little.
  bool single_suffices() const;
  /// The tiles of the last Z, and its m, where it does.
  PairTiles<float>& tiles() { return tiles_; }
  const std::vector<float>& nearest() const { return nearest_; }

 private:
  bool find_anew(const Matrix& Z);
  bool find_again(const Matrix& Z);
  void weigh(const Matrix& Z);

  bool in_range_ = false;       // whether floats hold the distances
  PairTiles<float> tiles_;      // of Z₀
  std::vector<float> nearest_;  // m of Z₀
  NearPairs near_;
  bool anchored_ = false;               // whether Z₀ is there to be moved from
  Matrix anchor_;                       // Z₀
  std::vector<std::int32_t> neighbor_;  // (n) the nearest to each row of Z₀
  std::int64_t times_anew_ = 0;
  double spent_ = 0;  // distances found in vain since Z₀, as a part of all
};

}  // namespace metriclab
