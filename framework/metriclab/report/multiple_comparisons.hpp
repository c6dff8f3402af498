// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace metriclab {

// Corrections for testing many hypotheses at once. Each takes the p-values of m tests and gives
// adjusted ones in the same order: rejecting those at or below α keeps the probability of any wrong
// rejection at or below α, however the tests depend on one another. No p may be NaN.

/// Holm: with p₍₁₎ ≤ … ≤ p₍ₘ₎
///
///     adjusted₍ᵢ₎ = min(1, max over j ≤ i of (m − j + 1)·p₍ⱼ₎)
///
/// Holm. A simple sequentially rejective multiple test procedure. Scandinavian Journal of
/// Statistics 1979; Demšar. JMLR 2006, section 3.2.2. O(m log m).
std::vector<double> holm(std::span<const double> p);

/// The m = k(k−1)/2 pairs of k methods in the order of the p-values below: (0, 1), (0, 2), …,
/// (0, k−1), (1, 2), …
std::vector<std::pair<std::size_t, std::size_t>> pairs_of(std::size_t k);

/// Shaffer's static procedure for all pairs of k methods. If a differs from b, then c, which is
/// like one of them, differs from the other; so not every number of hypotheses can be true:
///
///     S(k) = union over j = 1 … k of {C(j, 2) + x : x ∈ S(k − j)},   S(0) = S(1) = {0}
///     adjusted₍ᵢ₎ = min(1, max over j ≤ i of tⱼ·p₍ⱼ₎),   tⱼ = max {s ∈ S(k) : s ≤ m − j + 1}
///
/// Shaffer. Modified sequentially rejective multiple test procedures. JASA 1986; García, Herrera.
/// An extension on "Statistical comparisons of classifiers over multiple data sets" for all
/// pairwise comparisons. JMLR 2008. O(k⁴/64 + m log m).
std::vector<double> shaffer(std::span<const double> p, std::size_t k);

/// Bergmann and Hommel's procedure for all pairs of k methods:
///
///     adjusted_i = min(1, max over I ∋ i of |I|·min {p_j : j ∈ I})
///
/// I: the exhaustive sets, those of hypotheses that can be the true ones, which are the pairs
/// within the parts of a partition of the methods. It rejects whatever Shaffer's rejects. Bergmann,
/// Hommel. Improvements of general multiple test procedures for redundant systems of hypotheses.
/// 1988; García, Herrera. JMLR 2008. O(B(k)·k) for B(k) partitions: 21 147 for k = 9, 678 570 for k
/// = 11. k ≤ kMostBergmannHommel.
std::vector<double> bergmann_hommel(std::span<const double> p, std::size_t k);
inline constexpr std::size_t kMostBergmannHommel = 11;

enum class Correction { bergmann_hommel, shaffer, holm };
std::vector<std::string> correction_names();
/// Throws Error listing the names when there is none such.
Correction correction_from_string(std::string_view name);
/// By that procedure; k methods. Holm's takes any number of hypotheses, the others a p for each
/// pair.
std::vector<double> adjust(std::span<const double> p, std::size_t k, Correction correction);
/// "Bergmann-Hommel", "Shaffer", "Holm".
std::string_view title_of(Correction correction);

}  // namespace metriclab
