// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/data/method.hpp>
#include <metriclab/neighbors/gallery_file.hpp>

namespace metriclab {

/// The k nearest of each query: row i holds the gallery's indices by rising distance, ties by
/// index.
template <class Scalar>
struct Neighbors {
  Eigen::Matrix<std::int64_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> indices;  // (q × k)
  Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>
      distances;  // (q × k), as named
};

/// Neighbours of each query, more of some than of others: those of query i are at starts[i] …
/// starts[i + 1] − 1, by rising distance, ties by index.
template <class Scalar>
struct NeighborLists {
  Indices starts;   // (q + 1)
  Indices indices;  // of the gallery
  std::vector<Scalar> distances;
};

/// Exact k nearest neighbours of `query` (q × d) in `gallery` (n × d).
///
/// The result is that of brute force in double: order and ties are those of the distances that
/// `Measure` gives (measure.hpp), whatever the precision of the input, the number of threads, or
/// the order in which a BLAS adds up. Distances are those, rounded to Scalar. Matrix products of
/// the centred data in the input's own precision only sort out what is too far: a product comes
/// with a bound of its rounding error, and what the bound leaves open near the k-th place is
/// measured directly. For chi_squared, manhattan and poincare, which are not products, sums in that
/// precision take their place. For the Mahalanobis distance see mahalanobis.hpp.
///
/// Time: one (q × d) by (d × n) product, one pass over its values, and a direct measurement for k
/// candidates a query and those within rounding of the k-th. That is few, unless the distances
/// among near examples are below about √(d · 1e-7) of the whole set's extent (in float; √(d ·
/// 1e-16) in double): then the search is right, but as slow as brute force. Memory: O(q·k) for the
/// result, O(k) for each of 2048 queries and a tile of products for each thread, whatever n.
///
/// `threads` share the queries. For one thread, products of matrices are OpenBLAS' own, with as
/// many threads as it is set to; for more, they are of one thread each, for which OpenBLAS is set
/// to one meanwhile, for the whole process.
///
/// k = 0 or no query gives an empty result. Throws Error: k below 0 or above n, numbers of
/// dimensions that differ, a value that is not finite (or beyond ±1e150), threads below 1.
Neighbors<float> nearest_neighbors(const Eigen::Ref<const MatrixF>& query,
                                   const Eigen::Ref<const MatrixF>& gallery, std::int64_t k,
                                   Distance distance = Distance::euclidean, int threads = 1);
Neighbors<double> nearest_neighbors(const Eigen::Ref<const Matrix>& query,
                                    const Eigen::Ref<const Matrix>& gallery, std::int64_t k,
                                    Distance distance = Distance::euclidean, int threads = 1);

/// The same within one set (n × d), an example never being its own neighbour (its duplicates may
/// be); k ≤ n − 1. Each product serves both of its examples, which halves the time (save for
/// bilinear, which is asymmetric); for that all selections are open at once: about 2k + 48
/// candidates of 12 bytes for each example (of 24 in double).
Neighbors<float> nearest_neighbors(const Eigen::Ref<const MatrixF>& points, std::int64_t k,
                                   Distance distance = Distance::euclidean, int threads = 1);
Neighbors<double> nearest_neighbors(const Eigen::Ref<const Matrix>& points, std::int64_t k,
                                    Distance distance = Distance::euclidean, int threads = 1);

/// The same in a gallery that need not fit into memory: its file is read in blocks, in order, and
/// each block is searched for what is nearer than what the earlier ones had. Gives what the other
/// form gives. Memory: O(q·k), a block, and what threads take.
Neighbors<float> nearest_neighbors(const Eigen::Ref<const MatrixF>& query,
                                   const GalleryFile& gallery, std::int64_t k,
                                   Distance distance = Distance::euclidean, int threads = 1);

/// All gallery examples whose distance, as named, from a query is at most `radius`; as exact as
/// `nearest_neighbors`, with the same errors: the distance is compared in double, before it is
/// rounded to Scalar. A radius that no distance is below gives empty lists, an infinite one all;
/// one that is not a number is an Error. Memory: O(q) and the result's, besides a tile of products.
NeighborLists<float> neighbors_within(const Eigen::Ref<const MatrixF>& query,
                                      const Eigen::Ref<const MatrixF>& gallery, double radius,
                                      Distance distance = Distance::euclidean, int threads = 1);
NeighborLists<double> neighbors_within(const Eigen::Ref<const Matrix>& query,
                                       const Eigen::Ref<const Matrix>& gallery, double radius,
                                       Distance distance = Distance::euclidean, int threads = 1);
/// Within one set, an example not being its own neighbour.
NeighborLists<float> neighbors_within(const Eigen::Ref<const MatrixF>& points, double radius,
                                      Distance distance = Distance::euclidean, int threads = 1);
NeighborLists<double> neighbors_within(const Eigen::Ref<const Matrix>& points, double radius,
                                       Distance distance = Distance::euclidean, int threads = 1);
/// In a gallery that need not fit into memory.
NeighborLists<float> neighbors_within(const Eigen::Ref<const MatrixF>& query,
                                      const GalleryFile& gallery, double radius,
                                      Distance distance = Distance::euclidean, int threads = 1);

}  // namespace metriclab
