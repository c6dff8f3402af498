// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>

#include <limits>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/tensor_terms.hpp>

namespace metriclab {
namespace {

/// Ones, or how often each index is listed, at (rows_t, columns_t) of an (n × m) matrix.
at::Tensor counted(const at::Tensor& rows, const at::Tensor& columns, const at::Tensor& like,
                   bool once) {
  const std::int64_t m = like.size(1);
  const at::Tensor counts = at::zeros_like(like).view(-1);
  const at::Tensor cells = rows.to(like.device()).mul(m).add(columns.to(like.device()));
  const at::Tensor ones = like.new_ones({cells.size(0)});
  return (once ? counts.index_fill(0, cells, 1) : counts.index_add(0, cells, ones)).view_as(like);
}

}  // namespace

PairCounts pair_counts(const Batch& batch, const Tuples& tuples) {
  const at::Tensor like =
      batch.embeddings.detach().new_empty({batch.embeddings.size(0), batch.others().size(0)});
  if (tuples.form == Tuples::Form::pairs)
    return {counted(tuples.positive_anchor, tuples.positive, like, false),
            counted(tuples.negative_anchor, tuples.negative, like, false)};
  if (tuples.form == Tuples::Form::triplets)
    return {counted(tuples.anchor, tuples.positive, like, true),
            counted(tuples.anchor, tuples.negative, like, true)};
  const at::Device device = like.device();
  const at::Tensor labels = batch.labels.to(device).unsqueeze(1),
                   others = batch.other_labels().to(device).unsqueeze(0);
  PairCounts counts{labels.eq(others).to(like.scalar_type()),
                    labels.ne(others).to(like.scalar_type())};
  if (!batch.has_reference()) {
    counts.positive.fill_diagonal_(0);
  } else if (batch.own.defined()) {
    // Anchors without a row of their own point to a column beside the matrix.
    const at::Tensor own = batch.own.to(device);
    const at::Tensor column = at::where(own.ge(0), own, own.new_full({}, like.size(1)));
    at::Tensor wide = like.new_zeros({like.size(0), like.size(1) + 1});
    wide.scatter_(1, column.unsqueeze(1), 1);
    counts.positive = counts.positive.mul(wide.narrow(1, 0, like.size(1)).neg().add(1));
  }
  return counts;
}

at::Tensor reduced(const at::Tensor& terms, const at::Tensor& counts, const at::Tensor& labels,
                   const Reduction& reduction, const at::Tensor& divisor) {
  at::Tensor n = counts, kept_terms = at::where(counts.gt(0), terms, terms.new_zeros({}));
  if (reduction.per_anchor) {
    // The means of the anchors are the terms; all of them count, those without terms as 0.
    const at::Tensor rows = counts.dim() == 2 ? counts.sum(1) : counts;
    const at::Tensor sums = kept_terms.mul(counts);
    kept_terms = (counts.dim() == 2 ? sums.sum(1) : sums).div(rows.clamp_min(1));
    n = rows.gt(0).to(terms.scalar_type());
  }
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  at::Tensor kept = n;
  if (reduction.low > -kInfinity) kept = kept.mul(kept_terms.detach().gt(reduction.low));
  if (reduction.high < kInfinity) kept = kept.mul(kept_terms.detach().lt(reduction.high));
  at::Tensor weighted = kept.to(terms.scalar_type());
  if (!reduction.class_weights.empty()) {
    at::Tensor weights =
        class_weights_of(reduction, labels).to(terms.options().requires_grad(false));
    if (weighted.dim() == 2) weights = weights.unsqueeze(1);
    weighted = weighted.mul(weights);
  }
  const at::Tensor sum = kept_terms.mul(weighted).sum();
  switch (reduction.count) {
    case Reduction::Count::one:
      return sum;
    case Reduction::Count::kept:
      return sum.div(kept.sum().clamp_min(1));
    case Reduction::Count::given:
      if (divisor.defined()) return sum.div(divisor.clamp_min(1));
      [[fallthrough]];
    case Reduction::Count::all:
      break;
  }
  if (reduction.per_anchor)
    return sum.div(static_cast<double>(std::max<std::int64_t>(1, labels.size(0))));
  return sum.div(n.sum().clamp_min(1));
}

at::Tensor reduced(const at::Tensor& terms, const at::Tensor& labels, const Reduction& reduction) {
  return reduced(terms, terms.detach().new_ones(terms.sizes()), labels, reduction);
}

at::Tensor log_sum_exp(const at::Tensor& x, const at::Tensor& counts, bool with_one) {
  constexpr double kNone = -1e30;
  if (x.size(1) == 0) return x.sum(1).add(with_one ? 0 : kNone);
  const at::Tensor present = counts.gt(0);
  // Instead of −∞, of which differences would be NaN.
  const at::Tensor there = at::where(present, x, x.new_full({}, kNone));
  at::Tensor top = std::get<0>(there.detach().max(1, true));
  if (with_one) top = top.clamp_min(0);
  at::Tensor sum = at::where(present, there.sub(top).exp().mul(counts), x.new_zeros({})).sum(1);
  const at::Tensor above = top.squeeze(1);
  if (with_one) {
    // log1p keeps the digits of a sum that is close to the 1.
    const at::Tensor least = at::where(above.eq(0), sum.log1p(), sum.add(above.neg().exp()).log());
    return above.add(least);
  }
  const at::Tensor any = present.any(1);
  sum = at::where(any, sum, sum.new_ones({}));
  return at::where(any, above.add(sum.log()), sum.new_full({}, kNone));
}

}  // namespace metriclab
