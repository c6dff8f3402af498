// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/data/examples.hpp>
#include <optional>
#include <vector>

namespace metriclab {

// Clusters as regions of high density. Each gives the cluster of each row of X (n × d), 0, 1, … by
// their first rows, and −1 for noise; distances are Euclidean, in double.

/// The rows that have at least min_samples rows within eps of them, themselves among these, are
/// core; core rows within eps of each other share a cluster; another row within eps of a core row
/// is of the cluster of the nearest one (ties: the smallest index); the rest are noise.
///
/// Ester, Kriegel, Sander, Xu. A density-based algorithm for discovering clusters in large spatial
/// databases with noise. KDD 1996. Differs from the paper: there a row that is not core goes to the
/// first cluster that comes upon it, so that the order of rows decides.
/// O(n²·d) time, O(n·d) memory, whatever eps.
std::vector<std::int32_t> dbscan(const Matrix& X, double eps, std::int64_t min_samples);

/// An eps for dbscan, by how large a part of the rows is thought to be noise: of the distances r_i
/// from each row to its (min_samples − 1)-th nearest other row the least that no more than that
/// part exceed,
///
///     eps = r_(m),  m = ⌈(1 − expected_noise)·n⌉
///
/// r_(1) ≤ … ≤ r_(n); all other rows are core. Rows near these join their clusters, so that fewer
/// are noise in the end. Ester, Kriegel, Sander, Xu. KDD 1996, section 4.2, where one may also read
/// it off the graph of the sorted r by eye. 1 < min_samples ≤ n; 0 ≤ expected_noise < 1. Cost: one
/// search.
double dbscan_eps(const Matrix& X, std::int64_t min_samples, double expected_noise);

/// HDBSCAN: of the clusters of all densities those that last longest. With core(x) the distance
/// from x to its min_samples-th nearest row, itself the first, the hierarchy is that of single
/// linkage by
///
///     max(core(x), core(y), d(x, y))
///
/// in which what has fewer than min_cluster_size rows is no cluster: it falls out of the one that
/// it parts from. Of disjoint clusters those with the greatest sum of stability are taken, on a tie
/// the larger ones, and never the whole set:
///
///     stability(C) = Σ_{x ∈ C} (λ_x − λ_C)
///
/// λ_C: 1/distance at which C appears, λ_x: at which x leaves it or C parts. A distance of 0 counts
/// as half the least positive one, so that duplicates have a density. Rows in no such cluster are
/// noise: all, where the set never parts into two clusters.
///
/// Campello, Moulavi, Sander. Density-based clustering based on hierarchical density estimates.
/// PAKDD 2013; min_cluster_size as Campello, Moulavi, Zimek, Sander. Hierarchical density estimates
/// for data clustering, visualization, and outlier detection. ACM TKDD 2015. What is equally far
/// parts at once. 2 ≤ min_cluster_size; 1 ≤ min_samples ≤ n. O(n²·d) time, O(n·d) memory.
std::vector<std::int32_t> hdbscan(const Matrix& X, std::int64_t min_cluster_size,
                                  std::int64_t min_samples);

}  // namespace metriclab
