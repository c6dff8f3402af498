// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/neighbors/search.hpp>

namespace metriclab {

/// L (r × d) with M = LᵀL, for a metric matrix M (d × d): √λ·v for each eigenvalue λ and
/// eigenvector v, without those of at most d · 2e-16 of the greatest, which are its rounding.
/// Throws Error where M is not square, not finite, not symmetric (by more than 1e-9 of its greatest
/// value), or has an eigenvalue below −1e-9 of the greatest. O(d³).
Matrix transformation_of(const Eigen::Ref<const Matrix>& M);

/// Exact nearest neighbours by the Mahalanobis distance ‖L(x − y)‖, L (r × d): the rows, less the
/// gallery's mean m, are transformed and their Euclidean neighbours searched: L(x − m) and L(y −
/// m), in double. Distances, order and ties are those of the transformed rows as rounded; else all
/// is as search.hpp says. O((q + n)·r·d) time besides the search's, (q + n) × r doubles of memory.
/// Throws Error as `nearest_neighbors` does, and where L has not d columns or is not finite.
Neighbors<double> mahalanobis_neighbors(const Eigen::Ref<const Matrix>& query,
                                        const Eigen::Ref<const Matrix>& gallery,
                                        const Eigen::Ref<const Matrix>& L, std::int64_t k,
                                        int threads = 1);
/// Within one set, an example not being its own neighbour.
Neighbors<double> mahalanobis_neighbors(const Eigen::Ref<const Matrix>& points,
                                        const Eigen::Ref<const Matrix>& L, std::int64_t k,
                                        int threads = 1);
/// Those within a radius, as `neighbors_within`.
NeighborLists<double> mahalanobis_neighbors_within(const Eigen::Ref<const Matrix>& query,
                                                   const Eigen::Ref<const Matrix>& gallery,
                                                   const Eigen::Ref<const Matrix>& L, double radius,
                                                   int threads = 1);
NeighborLists<double> mahalanobis_neighbors_within(const Eigen::Ref<const Matrix>& points,
                                                   const Eigen::Ref<const Matrix>& L, double radius,
                                                   int threads = 1);

}  // namespace metriclab
