// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/data/examples.hpp>

namespace metriclab {

// How many directions embeddings fill, by the singular values σ₁ ≥ … ≥ σ_d of the (n × d) centred
// embeddings. With p_i = σ_i / Σ_j σ_j:

/// σ₁ … σ_d, of the rows less their mean; n < d leaves zeros. By the eigenvalues of the covariance
/// in double, so that what is below about 1e-8·σ₁ is rounding. O(n·d² + d³) time, O(d²) memory and
/// a block of rows.
Vector singular_values(const MatrixF& embeddings);

/// exp(−Σ p_i log p_i): 1 for a line, d where all directions are alike. NaN where all are 0.
/// Roy, Vetterli. The effective rank: a measure of effective dimensionality. EUSIPCO 2007.
/// Differs from the paper: of centred rows, so that it doesn't depend on where the origin is.
double effective_rank(const Vector& singular_values);

/// (Σ σ_i²)² / Σ σ_i⁴: 1 for a line, d where all directions are alike. NaN where all are 0.
/// Gao, Trautmann, Yu, Santhanam, Ryu, Shenoy, Ganguli. A theory of multineuronal dimensionality,
/// dynamics and measurement. bioRxiv 214262, 2017.
double participation_ratio(const Vector& singular_values);

/// ρ = KL(uniform ‖ p) = −(1/d) Σ log(d·p_i): 0 where all directions are alike, without end the
/// emptier one is. +∞ where a σ_i is 0 (below 2⁻²⁴·√d·σ₁, the rounding of float embeddings); NaN
/// where all are. Roth, Milbich, Sinha, Gupta, Ommer, Cohen. Revisiting training strategies and
/// generalization performance in deep metric learning. ICML 2020. Differs from the
/// paper: of centred rows.
double spectral_decay(const Vector& singular_values);

}  // namespace metriclab
