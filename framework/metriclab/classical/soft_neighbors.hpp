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

/// Which pairs may have an e_ij or e_ji above e⁻²⁶.
struct Screening {
  bool in_range = false;       // whether floats hold the distances; without it there is no more
  std::vector<float> nearest;  // m, in single precision
  bool few = false;            // whether these pairs are listed: at most 0.15 of all
  std::vector<RowPair> pairs;  // all of them, and some that a bound of the floats' error lets in
};

/// Of the rows of Z (n × r), which `tiles` are of afterwards. O(n²·r).
Screening screen(const Matrix& Z, PairTiles<float>& tiles);

/// (count): e_ij and e_ji of pairs (i, j), m being the smallest distance among an example's pairs.
struct PairWeights {
  Vector first, second;
};
PairWeights pair_weights(const Matrix& Z, const std::vector<RowPair>& pairs);

}  // namespace metriclab
