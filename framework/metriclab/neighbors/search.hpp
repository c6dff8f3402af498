// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/data/method.hpp>

namespace metriclab {

/// The k nearest of each query: row i holds the gallery's indices by rising distance, ties by
/// index.
template <class Scalar>
struct Neighbors {
  Eigen::Matrix<std::int64_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> indices;  // (q × k)
  Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>
      distances;  // (q × k), as named
};

/// Exact k nearest neighbours of `query` (q × d) in `gallery` (n × d).
///
/// The result is that of brute force in double: order and ties are those of the distances that
/// `Measure` gives (measure.hpp), whatever the precision of the input, the number of threads, or
/// the order in which a BLAS adds up. Distances are those, rounded to Scalar. Matrix products of
/// the centred data in the input's own precision only sort out what is too far: a product comes
/// with a bound of its rounding error, and what the bound leaves open near the k-th place is
/// measured directly. For chi_squared, manhattan and poincare, which are not products, sums in that
/// precision take their place.
///
/// Time: one (q × d) by (d × n) product, one pass over its values, and a direct measurement for k
/// candidates a query and those within rounding of the k-th. That is few, unless the distances
/// among near examples are below about √(d · 1e-7) of the whole set's extent (in float; √(d ·
/// 1e-16) in double): then the search is right, but as slow as brute force. Memory: O(q·k) and a
/// tile of products, whatever n.
///
/// k = 0 or no query gives an empty result. Throws Error: k below 0 or above n, numbers of
/// dimensions that differ, a value that is not finite (or beyond ±1e150).
Neighbors<float> nearest_neighbors(const Eigen::Ref<const MatrixF>& query,
                                   const Eigen::Ref<const MatrixF>& gallery, std::int64_t k,
                                   Distance distance = Distance::euclidean);
Neighbors<double> nearest_neighbors(const Eigen::Ref<const Matrix>& query,
                                    const Eigen::Ref<const Matrix>& gallery, std::int64_t k,
                                    Distance distance = Distance::euclidean);

/// The same within one set (n × d), an example never being its own neighbour (its duplicates may
/// be); k ≤ n − 1.
Neighbors<float> nearest_neighbors(const Eigen::Ref<const MatrixF>& points, std::int64_t k,
                                   Distance distance = Distance::euclidean);
Neighbors<double> nearest_neighbors(const Eigen::Ref<const Matrix>& points, std::int64_t k,
                                    Distance distance = Distance::euclidean);

}  // namespace metriclab
