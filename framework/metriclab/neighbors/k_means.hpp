// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/data/examples.hpp>
#include <metriclab/plugin/random.hpp>

namespace metriclab {

/// Centres of groups of rows, and the group of each row.
struct Clusters {
  Matrix centres;     // (k × d)
  Indices cluster;    // (n)
  double spread = 0;  // Σ_i ‖x_i − centre‖²
};

/// k-means: centres whose sum of squared distances from the nearest examples is small.
///
/// Seeded by k-means++ (Arthur, Vassilvitskii. k-means++: the advantages of careful seeding. SODA
/// 2007) from `random`, then Lloyd's steps (Least squares quantization in PCM. IEEE Transactions on
/// Information Theory 1982) until no row changes its cluster, at most `max_iterations`; of `n_init`
/// such runs the one with the least spread, the first on a tie. Ties between centres go to the
/// smaller index. A cluster that runs empty starts again at the row farthest from its centre. No
/// more clusters than different rows. k, n ≥ 1. O(n_init·steps·n·k·d) on matrix products.
Clusters k_means(const Matrix& X, std::int64_t k, std::int64_t n_init, std::int64_t max_iterations,
                 const Random& random);

}  // namespace metriclab
