// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/data/tfidf.hpp>

namespace metriclab {

/// The leading part of a singular value decomposition X ≈ U Σ Vᵀ.
struct LeadingSvd {
  Vector singular_values;  // (k) descending
  Matrix V;                // (d × k) orthonormal columns, the entry of greatest size positive
};

/// The k leading singular values and right singular vectors of a sparse matrix (n × d), k ≤ min(n,
/// d): latent semantic analysis, where X is of texts by terms, and a text x becomes Vᵀx.
///
/// By subspace iteration on XᵀX with 2k vectors (at least 10 more than k) from a fixed seed, until
/// the sum of the k leading squares grows by less than 10⁻⁸ of itself, at most 50 times. Values
/// beyond the rank are 0, and so are their columns of V. Cost of an iteration: O((nnz + d k) k)
/// time; O((n + d) k) memory.
/// Sources: Deerwester, Dumais, Furnas, Landauer, Harshman. Indexing by latent semantic analysis.
/// JASIS 1990; Halko, Martinsson, Tropp. Finding structure with randomness. SIAM Review 2011,
/// algorithm 4.4.
LeadingSvd leading_svd(const SparseRows& X, std::int64_t k);

}  // namespace metriclab
