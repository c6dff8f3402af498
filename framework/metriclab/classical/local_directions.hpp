// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/classical/pair_sums.hpp>
#include <metriclab/plugin/random.hpp>
#include <vector>

namespace metriclab {

/// Directions of unit length, (K × d), that separate classes in some region of the input: about
/// `count` of them. The centres of count/(2q) clusters (k-means from a k-means++ start), q = min(C
/// − 1, d), each with its 20 and with its 50 nearest examples of each class, make two regions a
/// centre; each gives its q leading linear discriminants
///
///     S_b w = λ (S_w + 10⁻³·(tr S_w/d)·I) w
///
/// Those of eigenvalues below 10⁻¹⁰ of a region's first are left out; a region without scatter
/// between its classes gives none. `members`: the examples of each class, two classes at least.
/// (Shi, Bellet, Sha. Sparse compositional metric learning. AAAI 2014, section "Building a basis
/// set".) Cost: O(count/q·(n·d + 50·C·d² + d³)).
Matrix local_discriminants(const Matrix& X, const std::vector<Indices>& members, std::int64_t count,
                           const Random& random);

/// Directions of unit length, about `count`, that separate the far from the near pairs of random
/// draws of 2d triplets: the eigenvectors of positive eigenvalue of Σ v_il v_ilᵀ − Σ v_ij v_ijᵀ
/// over a draw. O(count·d²).
Matrix triplet_directions(const Matrix& X, const TripletPairs& triplets, std::int64_t count,
                          Random random);

}  // namespace metriclab
