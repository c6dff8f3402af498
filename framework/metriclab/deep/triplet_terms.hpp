// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <metriclab/deep/pair_rows.hpp>
#include <metriclab/deep/tensor_terms.hpp>

namespace metriclab {

/// The terms of triplets in tensor operations: `distances` (rows × R) are those that the terms are
/// made of, its first B rows those of the anchors; `positives`, (n) int64 columns, and `negatives`,
/// (n) or undefined, where the term is wanted for every column; `anchors`, (n) rows. The result has
/// shape (n), or (n × R) for every column.
using TripletTerm =
    std::function<at::Tensor(const at::Tensor& distances, const at::Tensor& anchors,
                             const at::Tensor& positives, const at::Tensor& negatives)>;

/// The columns of the anchors' k-th positives, (B × K) int64 in the CPU's memory, K being the most
/// that an anchor has; `there`: 1, and 0 where the anchor has fewer.
struct Positives {
  at::Tensor columns, there;
};
Positives positives_of(const PairPlaces& places);

/// The distances of a term's arguments to their positives, (n), and to their negatives, (n); or for
/// every column (n × 1) and (n × R).
struct NearAndFar {
  at::Tensor near, far;
};
NearAndFar near_and_far(const at::Tensor& distances, const at::Tensor& anchors,
                        const at::Tensor& positives, const at::Tensor& negatives);

/// The reduction of the terms, (T), of the T triplets listed.
at::Tensor reduced_list(const at::Tensor& terms, const Batch& batch, const Tuples& tuples,
                        const Reduction& reduction);

/// The reduction over the triplets listed, or over every positive with every negative of an anchor.
///
/// The batch is grouped where the tuples are all. Memory: O(B²) for however many triplets; one
/// positive of each anchor at a time. Any device, without waiting for it.
at::Tensor reduced_triplets(const at::Tensor& distances, const Batch& batch, const Tuples& tuples,
                            const Reduction& reduction, const TripletTerm& term);

/// True where the triplets listed are so few, a miner's choice of one or so for an anchor, that
/// their distances alone (`TupleLoss::distances_at`) cost less than a matrix, although a single one
/// costs some times as much as one in a product.
bool are_few_triplets(const Batch& batch, const Tuples& tuples);

/// All the triplets of one anchor as log(1 + e^{d(a, p) − d(a, n) + margin}): adds them to `terms`,
/// and their gradient to the row's, but for the factor `terms.scale()`.
template <class T>
void add_triplet_softplus(TermSum& terms, const PairRow<T>& row, T margin, std::vector<T>& scratch);

extern template void add_triplet_softplus(TermSum&, const PairRow<float>&, float,
                                          std::vector<float>&);
extern template void add_triplet_softplus(TermSum&, const PairRow<double>&, double,
                                          std::vector<double>&);

/// Calls `visit(terms, counts)`, of one shape, for one part of those triplets after the other, each
/// term counting so often; without autograd.
void visit_triplets(
    const at::Tensor& distances, const Batch& batch, const Tuples& tuples, const TripletTerm& term,
    const std::function<void(const at::Tensor& terms, const at::Tensor& counts)>& visit);

/// The terms of positive pairs that whole rows are needed for: as above, of shape (n), for the
/// `anchors` and as many `positives`.
using PositiveTerm = std::function<at::Tensor(
    const at::Tensor& distances, const at::Tensor& anchors, const at::Tensor& positives)>;

/// The reduction over the positive pairs, in the same way.
at::Tensor reduced_positives(const at::Tensor& distances, const Batch& batch, const Tuples& tuples,
                             const Reduction& reduction, const PositiveTerm& term);

}  // namespace metriclab
