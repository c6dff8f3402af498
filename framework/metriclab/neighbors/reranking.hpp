// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/neighbors/measure.hpp>
#include <span>
#include <vector>

namespace metriclab {

/// Re-ranking with k-reciprocal encoding: distances that also tell how far two examples share their
/// neighbours.
///
/// Among N examples, queries and gallery together, with d the distance and N(i, k) the k nearest
/// others of i and i itself:
///
///     R(i, k)   = {j ∈ N(i, k) : i ∈ N(j, k)}                                            (eq. 3)
///     R*(i)     = R(i, k1) ∪ those R(j, ½k1), j ∈ R(i, k1), of which at least ⅔ are
///                 in R(i, k1)                                                            (eq. 5)
///     V_i(j)    = exp(−d(i, j)) for j ∈ R*(i), else 0                                    (eq. 7)
///     V'_i      = the mean of V_j over i and its k2 − 1 nearest                          (eq. 11)
///     d_J(i, j) = 1 − Σ min(V'_i, V'_j) / Σ max(V'_i, V'_j)                              (eq. 10)
///     d*        = (1 − λ)·d_J + λ·d                                                      (eq. 12)
///
/// (Zhong, Zheng, Cao, Li. Re-ranking person re-identification with k-reciprocal encoding. CVPR
/// 2017.) d is the squared distance under both Euclidean distances, as the paper's is, and the
/// distance by its name under the others; it must not be negative, so not dot or bilinear. ½k1 is
/// rounded down; k1 and k2 are at most what there is.
///
/// Scale matters: exp(−d), and λ·d beside d_J ≤ 1, are made for embeddings of about unit length. As
/// in the paper, d is taken as it is; the authors' program divides each example's by the greatest
/// of them, and the weights of each V_i by their sum.
///
/// Cost: a search of the nearest within N; then O(gallery · d) a query, and what its vector shares
/// with others'. Memory: 24 bytes for each of the N vectors' values that are not 0, usually some
/// hundred each; never N².
class Reranking {
 public:
  struct Parameters {
    std::int64_t k1 = 20, k2 = 6;
    double lambda = 0.3;
  };

  /// `points` (N × d) must outlive this. Throws Error as nearest_neighbors does.
  Reranking(const MatrixF& points, Distance distance, const Parameters& parameters);

  /// d*(i, j) of each j of `to`, into `result`.
  void distances(std::int64_t i, std::span<const std::int64_t> to, std::span<double> result);

 private:
  /// Sparse vectors, one after another.
  struct Vectors {
    std::vector<std::int64_t> begin = {0};
    std::vector<std::int32_t> at;
    std::vector<double> values;
  };

  double distance(std::int64_t i, std::int64_t j) const;
  Vectors transposed(const Vectors& vectors) const;

  const Measure<float> measure_;
  const Parameters parameters_;
  Vectors vectors_, by_place_;  // V'_i of each i; of each j, all V'_i(j)
  std::vector<double> sums_;    // Σ V'_i
  std::vector<double> shared_;  // Σ min of one example with all
};

}  // namespace metriclab
