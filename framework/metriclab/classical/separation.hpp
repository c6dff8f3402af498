// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <metriclab/classical/iterative_solver.hpp>
#include <string>

namespace metriclab {

// What solvers share that put dissimilar examples far apart while similar ones stay near:
//
//     maximise  mean over D of √(vᵀMv)  subject to  ⟨C, M⟩ ≤ 1,  M ⪰ 0
//     C = mean over S of vvᵀ + regularization·(tr/d)·I
//
// S, D: the similar and the dissimilar pairs; v (d): the difference of a pair; tr: the trace of the
// mean over S. In coordinates u = Qv with Q·C·Qᵀ = I the constraint is tr(M') ≤ 1.

/// Q (r × d) with Q·C·Qᵀ = I and Q·T·Qᵀ diagonal, by falling entries, where `similar` (d × d) is
/// the mean over S of vvᵀ and T = `dissimilar` that over D. Left out are directions with less than
/// 10⁻¹² of the greatest ratio of T to C, where there is nothing to gain, and those in which
/// neither kind of pair differs, to rounding. Throws Error where there is no scatter of either
/// kind, and where, with regularization = 0, dissimilar pairs differ in a direction in which
/// similar ones don't, since then nothing bounds their distance. O(d³).
Matrix separating_coordinates(const Matrix& similar, const Matrix& dissimilar,
                              double regularization, std::string_view solver);

/// Writes H = mean over D of uuᵀ/‖Bu‖ (r × r) for B (r × r) and returns g = mean over D of ‖Bu‖,
/// both leaving out pairs with Bu = 0.
using SeparationObjective = std::function<double(const Matrix& B, Matrix& H)>;

/// How far g is below the greatest, at most, as a part of g, for ‖B‖_F = 1:
///
///     √(λ_max(H)/g) − 1
///
/// since for every w > 0 and M' with trace 1:  Σ √(uᵀM'u) ≤ ½·Σ (w·uᵀM'u + 1/w) ≤ ½·(λ_max(Σ w·uuᵀ)
/// + Σ 1/w), here with w a multiple of 1/‖Bu‖.
double separation_gap(double g, const Matrix& H);

/// Maximises g over B with ‖B‖_F = 1 by L-BFGS on log ‖B‖_F − log g, which doesn't depend on the
/// length of B; with a square B every local maximum is one of the concave problem in M' = BᵀB
/// (Burer, Monteiro. Local minima and convergence in low-rank semidefinite programming.
/// Mathematical Programming 2005). Begins at B² = the diagonal of T in these coordinates, which
/// `spread` (r) holds. "converged" when separation_gap is at most `tolerance`. L = B·Q comes with
/// its rows orthogonal in these coordinates, by falling length, those of length below 10⁻⁶ left
/// out. The objective is g; it never falls.
Solution maximize_separation(const SolverProblem& problem, const std::string& solver,
                             const SeparationObjective& objective, const Matrix& Q,
                             const Vector& spread, std::int64_t max_iterations, double tolerance,
                             const std::optional<double>& time_limit);

}  // namespace metriclab
