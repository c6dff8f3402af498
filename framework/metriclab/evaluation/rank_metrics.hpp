// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace metriclab {

/// What retrieval measures of one query: of the ranks ρ₁ < … < ρ_R of the R ≥ 1 gallery examples of
/// its class.
///
///     recall_at_K     1 if ρ₁ ≤ K, else 0
///     precision_at_1  1 if ρ₁ = 1, else 0
///     r_precision     #{ρᵢ ≤ R} / R
///     map_at_r        (1/R) Σ over ρᵢ ≤ R of i/ρᵢ
///     map             (1/R) Σ over all i of i/ρᵢ
///     mrr             1/ρ₁
///     minp            R/ρ_R
///     precision_at_K  #{ρᵢ ≤ K} / K, however large the gallery is
///     map_at_K        (1/min(R, K)) Σ over ρᵢ ≤ K of i/ρᵢ
///     ndcg_at_K       Σ over ρᵢ ≤ K of 1/log₂(1 + ρᵢ), over Σ of 1/log₂(1 + i) for i ≤ min(R, K)
///     cmc_K           as recall_at_K
///
/// With `k` what stands beyond rank k adds nothing: mrr and minp are 0 for ρ₁ > k and ρ_R > k, and
/// r_precision is #{ρᵢ ≤ min(R, k)} / min(R, k); all other divisors stay.
struct RankMetrics {
  std::vector<std::int64_t> recall_at, precision_at, map_at, ndcg_at, cmc_at;
  std::optional<std::int64_t> k = {};

  std::vector<std::string> names() const;
  /// The value of each; `values` as long as `names`. O(R).
  void measure(std::span<const std::int64_t> ranks, std::span<double> values) const;
};

}  // namespace metriclab
