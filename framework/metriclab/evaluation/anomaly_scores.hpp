// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/data/method.hpp>
#include <string>
#include <vector>

namespace metriclab {

// How anomalous each of `test` (m × d) is beside `normal` (n × d, n ≥ 1): the greater the more.
// Distances are measured in double, by their name; equal embeddings score the same.

/// A score for each, or none and the reason why.
struct AnomalyScores {
  std::vector<double> values;  // (m)
  std::string reason = {};
};

/// The distance to the k-th nearest of `normal`; 1 ≤ k ≤ n. Cost: one search.
/// Ramaswamy, Rastogi, Shim. Efficient algorithms for mining outliers from large data sets. SIGMOD
/// 2000.
AnomalyScores kth_neighbor_scores(const MatrixF& test, const MatrixF& normal, std::int64_t k,
                                  Distance distance, int threads = 1);

/// The local outlier factor of each against `normal`, whose own densities leave `test` out of
/// account:
///
///     LOF(x) = (1/k) Σ lrd(o) / lrd(x)  over the k nearest normal examples o of x
///     lrd(x) = 1 / ((1/k) Σ max(d_k(o), d(x, o)) + 10⁻¹⁰)
///
/// d_k(o): the distance of o to its k-th nearest other normal example; 10⁻¹⁰ bounds the density of
/// duplicates, as scikit-learn does. 1 ≤ k ≤ n − 1. For distances that are not negative: not dot,
/// not bilinear. Cost: two searches.
/// Breunig, Kriegel, Ng, Sander. LOF: identifying density-based local outliers. SIGMOD 2000.
/// Differs from the paper: ties at the k-th distance don't enlarge the neighbourhood.
AnomalyScores local_outlier_factors(const MatrixF& test, const MatrixF& normal, std::int64_t k,
                                    Distance distance, int threads = 1);

/// The squared Mahalanobis distance to the nearest mean of a class of `normal`:
///
///     min over c of (x − μ_c)ᵀ ((1 − λ)Σ + λ (tr Σ / d) I)⁻¹ (x − μ_c),
///     Σ = (1/n) Σ over normal i of (x_i − μ_{c(i)})(x_i − μ_{c(i)})ᵀ
///
/// `labels` (n): c(i). λ = `shrinkage` (Friedman. Regularized discriminant analysis. JASA 1989),
/// without which Σ has no inverse where dimensions depend on each other or n is not above them: no
/// score then. I stands for Σ = 0. For the Euclidean distances and cosine, for which embeddings are
/// first scaled to length 1.
/// O((n + m C) d + (n + m) d² + d³) time for C classes, O(d²) memory beside some thousand rows.
/// Lee, Lee, Lee, Shin. A simple unified framework for detecting out-of-distribution samples and
/// adversarial attacks. NeurIPS 2018, eqs. 1 and 2.
AnomalyScores mahalanobis_scores(const MatrixF& test, const MatrixF& normal,
                                 const std::vector<std::int32_t>& labels, double shrinkage,
                                 Distance distance);

/// The distance to the mean of `normal` (evaluation/prototypes.hpp; of cosine, to that of the
/// embeddings scaled to length 1). O((n + m) d).
/// Ruff, Vandermeulen, Görnitz, Deecke, Siddiqui, Binder, Müller, Kloft. Deep one-class
/// classification. ICML 2018.
AnomalyScores center_scores(const MatrixF& test, const MatrixF& normal, Distance distance);

}  // namespace metriclab
