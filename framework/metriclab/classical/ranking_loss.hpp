// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/classical/linear_algebra.hpp>

namespace metriclab {

// How much a ranking by distance may be violated: structured hinge losses of one query,
//
//     max over rankings y:  Δ(y) − ⟨W, ψ(y*) − ψ(y)⟩
//     ⟨W, ψ(y*) − ψ(y)⟩ = 2/(R·N)·Σ (d_j − d_i) over pairs (i, j) that y puts the wrong way round
//
// d: squared distances to R relevant examples i and N others j; y*: all relevant ones first; Δ: one
// less the measure of y (McFee, Lanckriet. Metric learning to rank. ICML 2010, equations 3 to 8).
// At least 0, the value at y*, and convex in d. R, N ≥ 1; both sorted, rising. Each sets its
// derivative by the distances (a subgradient at kinks).

/// The measure is the area under the ROC curve: then it is the mean over pairs of
/// [1 − 2(d_j − d_i)]₊. O(R + N).
double auc_violation(const Vector& relevant, const Vector& others, Vector& by_relevant,
                     Vector& by_others);

/// The measure is average precision, the mean over relevant examples of the precision at their
/// rank. Each other example finds its best place among the relevant ones by itself (Yue, Finley,
/// Radlinski, Joachims. A support vector method for optimizing average precision. SIGIR 2007,
/// algorithm 2); this place falls with the example's own rank, which ends the search early.
/// O(R·N), mostly O(R + N) near an optimum.
double map_violation(const Vector& relevant, const Vector& others, Vector& by_relevant,
                     Vector& by_others);

}  // namespace metriclab
