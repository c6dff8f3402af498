// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <metriclab/data/examples.hpp>
#include <vector>

namespace metriclab {

// How embeddings (n × d) of classes are spread, by Euclidean distances. `labels`: (n). Means over
// nothing, and 0/0, are NaN; x/0 is +∞.

/// Of the classes' means.
struct ClassMeans {
  std::map<std::int32_t, double> inter;  // of each to the others: the mean distance
  double inter_mean = 0;                 // the mean over all pairs of classes
  double within = 0;                     // tr S_w = Σ_i ‖x_i − μ_c(i)‖²
  double between = 0;                    // tr S_b = Σ_c n_c ‖μ_c − μ‖²
};
/// O(n·d + classes²·d) time, O(classes·d) memory.
ClassMeans class_means(const MatrixF& embeddings, const std::vector<std::int32_t>& labels);

/// Means over pairs of different examples.
///
/// silhouette: the mean over examples of (b − a) / max(a, b), a the mean distance to the others of
/// its class, b the least mean distance to the examples of another class; 0 for an example that is
/// its class's only one, and where a = b = 0. NaN where there is one class, or none with two
/// examples. Rousseeuw. Silhouettes: a graphical aid to the interpretation and validation of
/// cluster analysis. Journal of Computational and Applied Mathematics 1987.
///
/// With u = x/‖x‖ (0 for a row of zeros):
///
///     alignment   mean of ‖u − v‖² over pairs of one class
///     uniformity  log of the mean of exp(−2 ‖u − v‖²)
///                 over all pairs
///
/// Wang, Isola. Understanding contrastive representation learning through alignment and uniformity
/// on the hypersphere. ICML 2020, with α = 2 and t = 2; positives are the pairs of a class. Both
/// are lower for what the paper calls better.
struct PairMeans {
  std::map<std::int32_t, double> intra;  // the mean distance within each class of two at least
  double intra_mean = 0;                 // the mean over all pairs of one class
  double silhouette = 0;
  double alignment = 0;
  double uniformity = 0;
};
/// O(n²·d) time as a matrix product, O(n·d) memory and a block of 256 rows of distances. By
/// products, so that distances below about 1e-8 of the whole extent are rounding, but those of
/// equal embeddings, where all are, 0.
PairMeans pair_means(const MatrixF& embeddings, const std::vector<std::int32_t>& labels);

}  // namespace metriclab
