// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>

namespace metriclab {

/// p_j|i of each i (row) over j (column), 0 on the diagonal: Gaussian in squared Euclidean
/// distances `squared` (n × n), of the width at which a row's perplexity 2^(−Σ p log₂ p) is the one
/// asked for. Among points that coincide, or are too few for it, a row is uniform over the nearest.
/// 1 < perplexity; n ≥ 2. Van der Maaten, Hinton 2008 (below), eq. 1.
Eigen::ArrayXXd conditional_neighbors(const Eigen::ArrayXXd& squared, double perplexity);

/// Kullback-Leibler divergence of q from p, both symmetric and summing to 1, where q is Student's t
/// of one degree in the plane `y` (n × 2), and its gradient by y, where that is wanted. Eq. 2,
/// 4, 5.
double tsne_loss(const Eigen::ArrayXXd& p, const Eigen::ArrayX2d& y, Eigen::ArrayX2d* gradient);

/// t-SNE: points (n × d) laid out in the plane so that neighbours stay neighbours, (n × 2).
/// Sizes of groups and distances between them mean little in it.
///
/// Exact, by gradient descent with momentum and gains by coordinate: 250 steps with p twelvefold,
/// 500 without. It starts from the first two of the points' columns, which are to be their
/// principal components, scaled to a deviation of 1e-4: so nothing is drawn at random, and what is
/// far apart tends to stay so. The perplexity is at most (n − 1)/3. O(n²) time a step, O(n²)
/// memory: for some hundreds of points.
///
/// Source: van der Maaten, Hinton. Visualizing data using t-SNE. JMLR 2008. Differs from it: the
/// start (Kobak, Berens. The art of using t-SNE for single-cell transcriptomics. Nature
/// Communications 2019); the step n/12, at least 50 (Belkina et al. Automated optimized parameters
/// for t-distributed stochastic neighbor embedding. Nature Communications 2019), which the factor
/// of 4 in eq. 5 makes a quarter of here.
Eigen::ArrayX2d tsne(const Eigen::ArrayXXd& points, double perplexity = 30);

}  // namespace metriclab
