// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>

namespace metriclab {

// How far two partitions of the same n examples agree: a(i) and b(i) are the labels of example i,
// any integers. Each is symmetric, does not change when labels are renamed or examples reordered,
// and is 1 for equal partitions. Where a measure is 0/0 it is NaN. With aᵤ, bᵥ the sizes of the
// parts, nᵤᵥ those of their intersections, and H the entropy:
//
//     MI = Σᵤᵥ nᵤᵥ/n · log(n·nᵤᵥ / (aᵤ·bᵥ))

/// NMI = MI / ((H(a) + H(b)) / 2): the arithmetic normalisation. NaN when both have a single part
/// (or n = 0). Strehl, Ghosh. Cluster ensembles. JMLR 2002, with the mean of Kvålseth. Entropy and
/// correlation. IEEE Transactions on Systems, Man, and Cybernetics 1987. O(n log n).
double normalized_mutual_information(std::span<const std::int32_t> a,
                                     std::span<const std::int32_t> b);

/// AMI = (MI − E[MI]) / ((H(a) + H(b)) / 2 − E[MI]), E over random partitions with the same sizes.
/// About 0 for unrelated ones. NaN when both have a single part, or both only parts of one example.
/// Vinh, Epps, Bailey. Information theoretic measures for clusterings comparison. JMLR 2010, eq.
/// 24a. O(n log n + s·t·m) for s and t different sizes of parts and m the greatest.
double adjusted_mutual_information(std::span<const std::int32_t> a,
                                   std::span<const std::int32_t> b);

/// ARI = (Σᵤᵥ C(nᵤᵥ, 2) − e) / ((A + B)/2 − e) with A = Σᵤ C(aᵤ, 2), B = Σᵥ C(bᵥ, 2), e = A·B /
/// C(n, 2). NaN as for AMI. Hubert, Arabie. Comparing partitions. Journal of Classification 1985,
/// eq. 5. O(n log n).
double adjusted_rand_index(std::span<const std::int32_t> a, std::span<const std::int32_t> b);

}  // namespace metriclab
