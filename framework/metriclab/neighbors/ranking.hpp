// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <metriclab/data/method.hpp>
#include <span>
#include <vector>

namespace metriclab {

/// Receives a query's number and the ranks, rising from 1, that the gallery examples of its own
/// class have among the whole gallery; empty where there are none. Each query comes once, in no
/// particular order; with several threads, from several at a time.
using VisitRanks = std::function<void(std::int64_t query, std::span<const std::int64_t> ranks)>;

/// Whether a gallery example, which is of the query's class, is left out of that query's ranking.
using LeftOut = std::function<bool(std::int64_t query, std::int64_t gallery)>;

/// Ranks the whole `gallery` (n × d) for each of `query` (q × d): all that retrieval metrics need
/// to know of a full ranking. Exact as `nearest_neighbors` is: order and ties (by index) are those
/// of distances measured directly. What `left_out` says stands nowhere in the ranking.
///
/// With r examples of the query's class, a query costs a product with all the gallery, and one
/// look at each value: O(n·d + n + r log r). Only what rounding leaves open is measured. Where that
/// is much, as it is where r is a large part of n and classes overlap, products in double leave
/// next to nothing open, and take their place. Memory: O(n·d), and tiles of 2¹⁷ products a thread;
/// never q × n.
/// Throws Error as `nearest_neighbors` does.
void rank_same_class(const Eigen::Ref<const MatrixF>& query,
                     std::span<const std::int32_t> query_labels,
                     const Eigen::Ref<const MatrixF>& gallery,
                     std::span<const std::int32_t> gallery_labels, Distance distance,
                     const VisitRanks& visit, const LeftOut& left_out = {}, int threads = 1);

/// The same within one set: each example queries all others.
void rank_same_class(const Eigen::Ref<const MatrixF>& points, std::span<const std::int32_t> labels,
                     Distance distance, const VisitRanks& visit, const LeftOut& left_out = {},
                     int threads = 1);

/// The ranks of the gallery examples `relevant` where one query's distances from the whole gallery
/// are known: (n), none NaN; ties by index. What is at an infinite distance is not relevant, and
/// stands nowhere. O(n log r).
std::vector<std::int64_t> ranks_of(std::span<const double> distances,
                                   std::span<const std::int64_t> relevant);

}  // namespace metriclab
