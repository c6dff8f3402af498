// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/pair_hinges.hpp>

namespace metriclab {
namespace {

/// The terms f(slope · d + shift) of one anchor.
template <class T>
void add(TermSum& terms, std::int64_t anchor, std::span<const T> d, T slope, T shift, bool squared,
         std::span<T> gradient) {
  const Kept<T> kept = terms.kept<T>();
  const KeptSum is =
      squared ? squared_hinge_sum(d, slope, shift, kept) : hinge_sum(d, slope, shift, kept);
  const T factor = static_cast<T>(terms.add(anchor, is, d.size()));
  if (factor == 0) return;
  if (squared)
    add_squared_hinge_gradient(d, slope, shift, kept, factor, gradient);
  else
    add_hinge_gradient(d, slope, shift, kept, factor, gradient);
}

}  // namespace

PairHingeLoss::~PairHingeLoss() = default;

at::Tensor PairHingeLoss::tensor_loss(const Batch& batch, const Tuples& tuples) {
  const Hinges is = hinges();
  const PairCounts counts = pair_counts(batch, tuples);
  const at::Tensor d = distances(batch);
  auto part = [&](const at::Tensor& excess, const at::Tensor& count) {
    const at::Tensor hinge = excess.clamp_min(0);
    return reduced(is.squared ? hinge.square().mul(0.5) : hinge, count, batch.labels,
                   reducer->reduction());
  };
  return part(d.sub(is.positive_margin), counts.positive)
      .mul(is.positive_weight)
      .add(part(d.neg().add(is.negative_margin), counts.negative), is.negative_weight);
}

at::Tensor PairHingeLoss::fused_loss(const Batch& batch, const Tuples& tuples) {
  const Hinges is = hinges();
  const PairPlaces places(batch, tuples);
  const Reduction reduction = reducer->reduction();
  TermSum positive(reduction, places), negative(reduction, places);
  return fused_rows(
      distances(batch), places,
      [&]<class T>(const PairRow<T>& row) {
        add(positive, row.anchor, row.positives, T(1), static_cast<T>(-is.positive_margin),
            is.squared, row.positive_gradient);
        add(negative, row.anchor, row.negatives, T(-1), static_cast<T>(is.negative_margin),
            is.squared, row.negative_gradient);
      },
      [&] {
        return ReducedPairs{
            is.positive_weight * positive.value() + is.negative_weight * negative.value(),
            is.positive_weight * positive.scale(), is.negative_weight * negative.scale()};
      });
}

}  // namespace metriclab
