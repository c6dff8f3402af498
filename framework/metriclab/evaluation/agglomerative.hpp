// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/evaluation/spanning_tree.hpp>
#include <string_view>
#include <vector>

namespace metriclab {

/// How far two clusters a, b of points are, d the Euclidean distance of points:
///
///     single    min of d(x, y) over x ∈ a, y ∈ b
///     complete  max of d(x, y)
///     average   mean of d(x, y)
///     ward      √(2·|a|·|b| / (|a| + |b|)) · ‖mean a − mean b‖
///
/// the last the root of twice what merging them adds to the sum of squares within clusters.
enum class Linkage { single, complete, average, ward };
/// Throws Error listing the names when there is none such.
Linkage linkage_from_string(std::string_view name);

/// The n − 1 merges of agglomerative clustering of X (n × d), by rising height: each time the two
/// clusters that are nearest.
///
/// single: the edges of Prim's minimum spanning tree. The others: chains of nearest neighbours,
/// each the nearest of the one before, until two are each other's (Murtagh. A survey of recent
/// advances in hierarchical clustering algorithms. The Computer Journal 1983; Müllner. Modern
/// hierarchical, agglomerative clustering algorithms. arXiv 1109.2378, 2011). Ties: by index, so
/// that the order of examples decides. Lance, Williams. A general theory of classificatory sorting
/// strategies. The Computer Journal 1967; Ward. Hierarchical grouping to optimize an objective
/// function. Journal of the American Statistical Association 1963.
///
/// Time: O(n²·d). Memory: O(n·d) for single and ward; for complete and average n·(n − 1)/2
/// distances in double. Throws Error where those two are given more than 20 000 points (1.6 GB).
std::vector<Merge> agglomerate(const Matrix& X, Linkage linkage);

/// The clusters (0 … k − 1, by their first point) that are left after the first n − k merges. `k`
/// in 1 … n.
std::vector<std::int32_t> cut(const std::vector<Merge>& merges, std::int64_t k);

}  // namespace metriclab
