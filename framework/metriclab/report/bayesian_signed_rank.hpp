// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/plugin/random.hpp>
#include <span>
#include <vector>

namespace metriclab {

/// Probabilities that a is practically better than b, that the two are practically equivalent, and
/// that b is better; they sum to 1.
struct Beliefs {
  double a_better = 0, equivalent = 0, b_better = 0;
};

/// The Bayesian signed-rank test. x_1 … x_n are the differences a − b on n data sets, and x_0 = 0 a
/// pseudo-observation of the prior. Of weights drawn from the posterior, a Dirichlet distribution
/// with the parameters (0.5, 1, …, 1), each draw has
///
///     θ_a = Σ_ij w_i·w_j·[x_i + x_j > 2·rope]
///     θ_b = Σ_ij w_i·w_j·[x_i + x_j < −2·rope]
///     θ_e = 1 − θ_a − θ_b
///
/// and a belief is the part of the draws in which its θ is the greatest. Benavoli, Corani, Demšar,
/// Zaffalon. Time for a change: a tutorial for comparing multiple classifiers through Bayesian
/// analysis. JMLR 2017, with its prior of strength 0.5 at 0. A sum on the border of
/// the region counts as equivalent.
///
/// The draws are made once and serve every pair of methods. Standard error of a belief: at most
/// 0.5/√draws.
class BayesianSignedRank {
 public:
  /// For n differences. O(draws·n) time and memory.
  BayesianSignedRank(std::int64_t n, std::int64_t draws, Random random);

  /// `rope` ≥ 0: differences up to it don't matter. O(draws·n).
  Beliefs operator()(std::span<const double> differences, double rope) const;

 private:
  std::size_t n_ = 0;            // the pseudo-observation included
  std::vector<double> weights_;  // draws × n_, not normalised: θ are only compared
};

}  // namespace metriclab
