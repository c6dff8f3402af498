// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>

namespace metriclab {

// How well clusters stand for classes: classes(i) and clusters(i) are those of example i, any
// integers. None changes when classes or clusters are renamed or examples reordered, and each is 1
// where the partitions are equal; n_cu: how many examples of class c are in cluster u.

/// F1 = 2·P·R / (P + R) over pairs of examples: P, the part of the pairs that share a cluster that
/// share a class; R, the part of those that share a class that share a cluster. NaN where no pair
/// shares either. Song, Xiang, Jegelka, Savarese. Deep metric learning via lifted structured
/// feature embedding. CVPR 2016, after Manning, Raghavan, Schütze. Introduction to information
/// retrieval. Cambridge University Press 2008, section 16.3. O(n log n).
double pairwise_f1(std::span<const std::int32_t> classes, std::span<const std::int32_t> clusters);

/// The part of the examples that are of the most frequent class of their cluster: Σ_u max_c n_cu /
/// n. 1 as well where each cluster is a single example. NaN where n = 0. Manning, Raghavan,
/// Schütze, 2008, section 16.3. O(n log n).
double purity(std::span<const std::int32_t> classes, std::span<const std::int32_t> clusters);

/// The accuracy of clusters as classes, each standing for another class, so that it is greatest:
///
///     max over one-to-one σ of  Σ_c n_cσ(c) / n
///
/// A class or cluster may stay alone. NaN where n = 0. Yang, Xu, Nie, Yan, Zhuang. Image clustering
/// using local discriminant models and global integration. IEEE Transactions on Image Processing
/// 2010; the matching by Kuhn. The Hungarian method for the assignment problem. Naval
/// Research Logistics Quarterly 1955, with the shortest augmenting paths of Jonker, Volgenant. A
/// shortest augmenting path algorithm for dense and sparse linear assignment problems. Computing
/// 1987. O(classes · m log m) time, O(m) memory, for m ≤ n different pairs of class and cluster.
double matched_accuracy(std::span<const std::int32_t> classes,
                        std::span<const std::int32_t> clusters);

}  // namespace metriclab
