// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/neighbors/search.hpp>
#include <vector>

namespace metriclab {

// What the nearest neighbours of n points within their own set, (n × k) as nearest_neighbors finds
// them, say of the space.

/// Of N_i, how often point i is among the k nearest of another.
struct Hubness {
  double skewness = 0;  // E[(N − k)³] / E[(N − k)²]^(3/2); NaN where all are k
  double antihubs = 0;  // the part of the points with N_i = 0
};
/// Positive skewness: some points, hubs, are neighbours of very many. About 0 in few dimensions.
/// Radovanović, Nanopoulos, Ivanović. Hubs in space: popular nearest neighbors in high-dimensional
/// data. JMLR 2010. n, k ≥ 1. O(n·k).
template <class Scalar>
Hubness hubness(const Neighbors<Scalar>& found);

/// The dimension whose likelihood is greatest, T_j being the distance to the j-th neighbour:
///
///     1/m = mean over i and j < k of  log(T_k(i) / T_j(i))
///
/// Neighbours at distance 0 are left out, k then being fewer. +∞ where all those counted are as far
/// as the k-th; NaN where there are none. Levina, Bickel. Maximum likelihood estimation of
/// intrinsic dimension. NIPS 2004, eq. 8, averaged over points as MacKay, Ghahramani. Comments on
/// "Maximum likelihood estimation of intrinsic dimension" by E. Levina and P. Bickel, 2005. O(n·k).
template <class Scalar>
double likely_dimension(const Neighbors<Scalar>& found);

/// The dimension by μ_i = T₂(i)/T₁(i) alone: of the points in order of μ, the least nine tenths lie
/// about a line through 0 whose slope it is,
///
///     log(1 − i/n) = −m · log μ_(i),  i = 1 … 0.9·n
///
/// by least squares. Points with T₁ = 0 are left out. +∞ where all μ are 1; NaN where fewer than 10
/// points are left. Facco, d'Errico, Rodriguez, Laio. Estimating the intrinsic dimension of
/// datasets by a minimal neighborhood information. Scientific Reports 2017. k ≥ 2. O(n log n).
template <class Scalar>
double two_nn_dimension(const Neighbors<Scalar>& found);

}  // namespace metriclab
