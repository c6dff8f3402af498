// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <metriclab/data/method.hpp>
#include <span>
#include <vector>

namespace metriclab {

/// Receives a query's number and the ranks, rising from 1, that the gallery examples of its own
/// class have among the whole gallery; empty where there are none.
using VisitRanks = std::function<void(std::int64_t query, const std::vector<std::int64_t>& ranks)>;

/// Ranks the whole `gallery` (n × d) for each of `query` (q × d), in their order: all that
/// retrieval metrics need to know of a full ranking. Exact as `nearest_neighbors` is: order and
/// ties (by index) are those of distances measured directly.
///
/// With r examples of the query's class: time O(n·(d + log r)) a query, the d part in a matrix
/// product; only what rounding leaves open is measured. Memory O(n) for some hundred queries at a
/// time, never q × n. Throws Error as `nearest_neighbors` does.
void rank_same_class(const Eigen::Ref<const MatrixF>& query,
                     std::span<const std::int32_t> query_labels,
                     const Eigen::Ref<const MatrixF>& gallery,
                     std::span<const std::int32_t> gallery_labels, Distance distance,
                     const VisitRanks& visit);

/// The same within one set: each example queries all others.
void rank_same_class(const Eigen::Ref<const MatrixF>& points, std::span<const std::int32_t> labels,
                     Distance distance, const VisitRanks& visit);

}  // namespace metriclab
