// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/deep/tuple_loss.hpp>
#include <optional>

namespace metriclab {

// Kernels for the CPU over single triplets: listed, or every positive with every negative of an
// anchor.

/// Calls `visit(row, n, for_each)` for each anchor, with its row of distances and its number of
/// triplets; `for_each(f)` calls f(positive, negative) with their columns for each of them, the
/// negatives of one positive after the other.
template <class Visit>
void visit_anchors(const Batch& batch, const Tuples& tuples, Visit visit) {
  if (tuples.form == Tuples::Form::triplets) {
    const AnchorTriplets triplets(batch, tuples);
    for (std::int64_t i = 0; i < batch.labels.size(0); ++i) {
      const auto of = triplets.of(i);
      visit(i, of.size(), [&](auto&& f) {
        for (const auto& [positive, negative] : of) f(positive, negative);
      });
    }
    return;
  }
  const AnchorPairs pairs(batch, tuples);
  for (std::int64_t i = 0; i < pairs.n_anchors(); ++i) {
    const std::span<const Index> positives = pairs.positives(i), negatives = pairs.negatives(i);
    visit(i, positives.size() * negatives.size(), [&](auto&& f) {
      for (const Index positive : positives)
        for (const Index negative : negatives) f(positive, negative);
    });
  }
}

/// A triplet's term, and its slopes by the distances to the positive and to the negative.
template <class T>
struct TripletSlopes {
  T value, near, far;
};

/// The reduction of `term(near, far)`, which gives TripletSlopes<T>, over the triplets.
template <class Term>
at::Tensor fused_triplets(const at::Tensor& distances, const Batch& batch, const Tuples& tuples,
                          const Reduction& reduction, Term term) {
  const std::vector<std::int64_t> labels = as_indices(batch.labels);
  TermSum terms(reduction, labels.data(), batch.labels.size(0));
  return fused(distances, [&]<class T>(const T* d, T* gradient) {
    const std::int64_t m = distances.size(1);
    const Kept<T> kept = terms.kept<T>();
    visit_anchors(batch, tuples, [&](std::int64_t i, std::size_t n, auto for_each) {
      const T* row = d + i * m;
      T* to = gradient + i * m;
      KeptSum all;
      for_each([&](Index positive, Index negative) {
        const TripletSlopes<T> is = term(row[positive], row[negative]);
        if (!(is.value > kept.low && is.value < kept.high)) return;
        all.sum += static_cast<double>(is.value);
        ++all.n_kept;
        to[positive] += is.near;
        to[negative] += is.far;
      });
      multiply_by(std::span<T>(to, static_cast<std::size_t>(m)),
                  static_cast<T>(terms.add(i, all, n)));
    });
    return Reduced{terms.value(), terms.scale()};
  });
}

}  // namespace metriclab
