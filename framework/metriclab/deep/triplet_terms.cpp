// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/arange.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <limits>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/triplet_terms.hpp>

namespace metriclab {
namespace {

/// Which of the terms count, as 0 and 1 of their type.
at::Tensor kept_of(const at::Tensor& terms, const Reduction& reduction) {
  at::Tensor kept = terms.new_ones(terms.sizes());
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (reduction.low > -kInfinity) kept = kept.mul(terms.gt(reduction.low));
  if (reduction.high < kInfinity) kept = kept.mul(terms.lt(reduction.high));
  return kept;
}

}  // namespace

at::Tensor reduced_list(const at::Tensor& terms, const Batch& batch, const Tuples& tuples,
                        const Reduction& reduction) {
  if (!reduction.per_anchor)
    return reduced(terms, batch.labels.index_select(0, tuples.anchor), reduction);
  const at::Device device = terms.device();
  const std::int64_t n = batch.labels.size(0);
  const at::Tensor counts = terms.new_zeros({n}).index_add(0, tuples.anchor.to(device),
                                                           terms.detach().new_ones(terms.sizes()));
  const at::Tensor sums = terms.new_zeros({n}).index_add(0, tuples.anchor.to(device), terms);
  // `reduced` takes the mean of an anchor's terms for it: as many terms of the mean.
  return reduced(sums.div(counts.clamp_min(1)).unsqueeze(1), counts.unsqueeze(1), batch.labels,
                 reduction);
}

Positives positives_of(const PairPlaces& places) {
  const std::int64_t n = places.n_anchors();
  std::vector<std::int64_t> counts;
  for (std::int64_t i = 0; i < n; ++i)
    counts.push_back(places.is_listed() ? static_cast<std::int64_t>(places.positive_list(i).size())
                                        : places.positive_ranges(i).size());
  const std::int64_t most = counts.empty() ? 0 : *std::max_element(counts.begin(), counts.end());
  std::vector<std::int64_t> columns(static_cast<std::size_t>(n * most), 0),
      there(columns.size(), 0);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t k = 0; k < counts[static_cast<std::size_t>(i)]; ++k) {
      const auto cell = static_cast<std::size_t>(i * most + k);
      columns[cell] = places.positive(i, static_cast<std::size_t>(k));
      there[cell] = 1;
    }
  return {index_tensor(columns).view({n, most}), index_tensor(there).view({n, most})};
}

NearAndFar near_and_far(const at::Tensor& distances, const at::Tensor& anchors,
                        const at::Tensor& positives, const at::Tensor& negatives) {
  if (negatives.defined()) {
    const at::Tensor cells = distances.reshape({-1}), starts = anchors.mul(distances.size(1));
    return {cells.index_select(0, starts.add(positives)),
            cells.index_select(0, starts.add(negatives))};
  }
  const at::Tensor rows = distances.index_select(0, anchors);
  return {rows.gather(1, positives.unsqueeze(1)), rows};
}

at::Tensor reduced_triplets(const at::Tensor& distances, const Batch& batch, const Tuples& tuples,
                            const Reduction& reduction, const TripletTerm& term) {
  if (tuples.form == Tuples::Form::triplets) {
    const at::Device device = distances.device();
    return reduced_list(term(distances, tuples.anchor.to(device), tuples.positive.to(device),
                             tuples.negative.to(device)),
                        batch, tuples, reduction);
  }
  const PairPlaces places(batch, tuples);
  const Positives positives = positives_of(places);
  const std::int64_t n = places.n_anchors(), most = positives.columns.size(1);
  const at::Tensor held = distances.detach(), negatives = pair_counts(batch, tuples).negative,
                   anchors = at::arange(n, at::kLong).to(held.device());
  const at::Tensor columns = positives.columns.to(held.device()),
                   there = positives.there.to(held.device(), held.scalar_type());
  const at::Tensor none = held.new_zeros({});
  // Of each anchor: the sum of its kept terms, how many there are, and how many are kept.
  at::Tensor sums = held.new_zeros({n}), counts = sums.clone(), kept_counts = sums.clone();
  auto for_each_positive = [&](auto visit) {
    for (std::int64_t k = 0; k < most; ++k)
      visit(columns.select(1, k), negatives.mul(there.select(1, k).unsqueeze(1)));
  };
  {
    const WithoutAutograd off;
    for_each_positive([&](const at::Tensor& positive, const at::Tensor& count) {
      const at::Tensor terms = at::where(count.gt(0), term(held, anchors, positive, {}), none);
      const at::Tensor kept = reduction.per_anchor ? count : count.mul(kept_of(terms, reduction));
      sums.add_(terms.mul(kept).sum(1));
      counts.add_(count.sum(1));
      kept_counts.add_(kept.sum(1));
    });
  }
  // By what an anchor's terms are multiplied: the derivative of the reduction.
  at::Tensor factors = held.new_ones({n}), values = sums;
  if (!reduction.class_weights.empty())
    factors = class_weights_of(reduction, batch.labels).to(held.options());
  if (reduction.per_anchor) {
    values = sums.div(counts.clamp_min(1));
    const at::Tensor kept = kept_of(values, reduction).mul(counts.gt(0));
    kept_counts = kept;
    values = values.mul(kept);
    factors = factors.mul(kept).div(counts.clamp_min(1));
    values = values.mul(reduction.class_weights.empty()
                            ? held.new_ones({n})
                            : class_weights_of(reduction, batch.labels).to(held.options()));
  } else {
    values = sums.mul(factors);
  }
  at::Tensor divisor = held.new_ones({});
  if (reduction.count == Reduction::Count::kept)
    divisor = kept_counts.sum().clamp_min(1);
  else if (reduction.count != Reduction::Count::one)
    divisor = reduction.per_anchor
                  ? held.new_full({}, static_cast<double>(std::max<std::int64_t>(1, n)))
                  : counts.sum().clamp_min(1);
  factors = factors.div(divisor).unsqueeze(1);
  const at::Tensor value = values.sum().div(divisor);
  if (!needs_gradient(distances)) return value;
  at::Tensor gradient = at::zeros_like(held);
  for_each_positive([&](const at::Tensor& positive, const at::Tensor& count) {
    const at::Tensor own = held.detach().requires_grad_(true);
    const at::Tensor terms = at::where(count.gt(0), term(own, anchors, positive, {}), none);
    const at::Tensor kept =
        reduction.per_anchor ? count : count.mul(kept_of(terms.detach(), reduction));
    const at::Tensor slope = gradients_of(terms.mul(kept).mul(factors).sum(), {own})[0];
    if (slope.defined()) gradient.add_(slope);
  });
  return with_backward(value, {distances}, [gradient](const at::Tensor& outer) {
    return std::vector<at::Tensor>{gradient.mul(outer)};
  });
}

bool are_few_triplets(const Batch& batch, const Tuples& tuples) {
  constexpr std::int64_t kCost = 32;  // of a distance alone, against one in a product
  return tuples.form == Tuples::Form::triplets &&
         tuples.anchor.size(0) * kCost <= batch.embeddings.size(0) * batch.others().size(0);
}

template <class T>
void add_triplet_softplus(TermSum& terms, const PairRow<T>& row, T margin, std::vector<T>& slopes) {
  const std::size_t n_positives = row.positives.size();
  const std::optional<double> known = terms.known_factor(row.anchor);
  slopes.resize(row.negatives.size());
  const auto sum = [&](std::size_t k) {
    return softplus_sum<T>(row.negatives, T(-1), row.positives[k] + margin, terms.kept<T>(),
                           slopes);
  };
  const auto differentiate = [&](std::size_t k, double factor) {
    add_scaled<T>(slopes, static_cast<T>(-factor), row.negative_gradient);
    row.positive_gradient[k] += static_cast<T>(factor * sum_of<T>(slopes));
  };
  KeptSum all;
  for (std::size_t k = 0; k < n_positives; ++k) {
    const KeptSum one = sum(k);
    all.sum += one.sum;
    all.n_kept += one.n_kept;
    if (known) differentiate(k, *known);
  }
  const double factor = terms.add(row.anchor, all, n_positives * row.negatives.size());
  if (known || factor == 0) return;
  for (std::size_t k = 0; k < n_positives; ++k) {
    sum(k);
    differentiate(k, factor);
  }
}

template void add_triplet_softplus(TermSum&, const PairRow<float>&, float, std::vector<float>&);
template void add_triplet_softplus(TermSum&, const PairRow<double>&, double, std::vector<double>&);

void visit_triplets(
    const at::Tensor& distances, const Batch& batch, const Tuples& tuples, const TripletTerm& term,
    const std::function<void(const at::Tensor& terms, const at::Tensor& counts)>& visit) {
  const WithoutAutograd off;
  const at::Tensor held = distances.detach();
  const at::Device device = held.device();
  if (tuples.form == Tuples::Form::triplets) {
    const at::Tensor terms = term(held, tuples.anchor.to(device), tuples.positive.to(device),
                                  tuples.negative.to(device));
    return visit(terms, terms.new_ones(terms.sizes()));
  }
  const PairPlaces places(batch, tuples);
  const Positives positives = positives_of(places);
  const at::Tensor negatives = pair_counts(batch, tuples).negative,
                   anchors = at::arange(places.n_anchors(), at::kLong).to(device),
                   columns = positives.columns.to(device),
                   there = positives.there.to(device, held.scalar_type());
  for (std::int64_t k = 0; k < columns.size(1); ++k)
    visit(term(held, anchors, columns.select(1, k), {}),
          negatives.mul(there.select(1, k).unsqueeze(1)));
}

at::Tensor reduced_positives(const at::Tensor& distances, const Batch& batch, const Tuples& tuples,
                             const Reduction& reduction, const PositiveTerm& term) {
  const PairPlaces places(batch, tuples);
  const Positives positives = positives_of(places);
  const std::int64_t n = places.n_anchors(), most = positives.columns.size(1);
  const at::Tensor held = distances.detach(), anchors = at::arange(n, at::kLong).to(held.device()),
                   columns = positives.columns.to(held.device()),
                   there = positives.there.to(held.device(), held.scalar_type());
  auto terms_of = [&](const at::Tensor& of, std::int64_t k) {
    return at::where(there.select(1, k).gt(0), term(of, anchors, columns.select(1, k)),
                     held.new_zeros({}));
  };
  const at::Tensor terms = held.new_zeros({n, most});
  {
    const WithoutAutograd off;
    for (std::int64_t k = 0; k < most; ++k) terms.select(1, k).copy_(terms_of(held, k));
  }
  if (!needs_gradient(distances)) return reduced(terms, there, batch.labels, reduction);
  terms.requires_grad_(true);
  const at::Tensor value = reduced(terms, there, batch.labels, reduction);
  const at::Tensor slopes = gradients_of(value, {terms})[0];
  const at::Tensor gradient = at::zeros_like(held);
  for (std::int64_t k = 0; k < most; ++k) {
    const at::Tensor own = held.detach().requires_grad_(true);
    gradient.add_(gradients_of(terms_of(own, k).mul(slopes.select(1, k)).sum(), {own})[0]);
  }
  return with_backward(value.detach().clone(), {distances}, [gradient](const at::Tensor& outer) {
    return std::vector<at::Tensor>{gradient.mul(outer)};
  });
}

}  // namespace metriclab
