// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <metriclab/deep/softmax_terms.hpp>
#include <metriclab/deep/tensor_terms.hpp>
#include <metriclab/deep/tuple_loss.hpp>

namespace metriclab {

Batch against_itself(const Batch& batch) {
  Batch result = batch;
  result.reference = batch.embeddings;
  result.reference_labels = batch.labels;
  result.own = at::Tensor();
  return result;
}

namespace {

/// One anchor's −(1/|P|) Σ log(…), and its gradient by x for z = slope·x.
template <class T>
double cross_entropy_of(const PairRow<T>& row, double slope) {
  // The rounding of a difference of equals would count as a term above 0.
  if (row.positives.size() == 1 && row.negatives.empty()) return 0;
  const auto n = static_cast<double>(row.positives.size());
  const T step = static_cast<T>(slope);
  const double near = log_sum_exp(row.positives, step, T(0), false, row.positive_gradient),
               far = log_sum_exp(row.negatives, step, T(0), false, row.negative_gradient),
               top = std::max(near, far);
  const double all = top + std::log(std::exp(near - top) + std::exp(far - top));
  multiply_by(row.negative_gradient, static_cast<T>(slope * std::exp(far - all)));
  const T share = static_cast<T>(slope * std::exp(near - all)), own = static_cast<T>(slope / n);
  for (T& gradient : row.positive_gradient) gradient = share * gradient - own;
  return all - slope * sum_of(row.positives) / n;
}

}  // namespace

at::Tensor cross_entropy(const at::Tensor& distances, const Batch& batch, const Tuples& tuples,
                         double slope, const Reduction& reduction) {
  const PairCounts counts = pair_counts(batch, tuples);
  const at::Tensor z = distances.mul(slope), n = counts.positive.sum(1),
                   mean = z.mul(counts.positive).sum(1).div(n.clamp_min(1));
  const at::Tensor terms = log_sum_exp(z, counts.positive.add(counts.negative), false).sub(mean);
  return reduced(terms, n.gt(0).to(z.scalar_type()), batch.labels, reduction);
}

at::Tensor fused_cross_entropy(const at::Tensor& distances, const Batch& batch,
                               const Tuples& tuples, double slope, const Reduction& reduction) {
  const PairPlaces places(batch, tuples);
  TermSum terms(reduction, places);
  return fused_rows(
      distances, places,
      [&]<class T>(const PairRow<T>& row) {
        if (row.positives.empty()) return;
        const double term = cross_entropy_of(row, slope);
        const T factor = static_cast<T>(terms.add_one(row.anchor, term));
        multiply_by(row.positive_gradient, factor);
        multiply_by(row.negative_gradient, factor);
      },
      [&] {
        return ReducedPairs{terms.value(), terms.scale(), terms.scale()};
      });
}

at::Tensor info_nce(const at::Tensor& distances, const Batch& batch, const Tuples& tuples,
                    double temperature, const Reduction& reduction) {
  const PairCounts counts = pair_counts(batch, tuples);
  const at::Tensor z = distances.div(temperature);
  // log(1 + e^x), x being how far the negatives together are above the positive.
  const at::Tensor x = log_sum_exp(z.neg(), counts.negative, false).unsqueeze(1).add(z);
  return reduced(x.clamp_min(0).add(x.abs().neg().exp().log1p()), counts.positive, batch.labels,
                 reduction);
}

at::Tensor fused_info_nce(const at::Tensor& distances, const Batch& batch, const Tuples& tuples,
                          double temperature, const Reduction& reduction) {
  const PairPlaces places(batch, tuples);
  TermSum terms(reduction, places);
  return fused_rows(
      distances, places,
      [&]<class T>(const PairRow<T>& row) {
        if (row.positives.empty() || row.negatives.empty()) {
          const auto n = static_cast<std::int64_t>(row.positives.size());
          terms.add(row.anchor, 0, n, terms.keeps(0) ? n : 0);
          return;
        }
        const T slope = static_cast<T>(1 / temperature);
        const double all = log_sum_exp(row.negatives, -slope, T(0), false, row.negative_gradient);
        // The slope of a term is the share of the softmax that the positive misses.
        const KeptSum is = softplus_sum(row.positives, slope, static_cast<T>(all), terms.kept<T>(),
                                        row.positive_gradient);
        const double factor = terms.add(row.anchor, is, row.positives.size()) / temperature;
        const double misses = sum_of<T>(row.positive_gradient);
        multiply_by(row.positive_gradient, static_cast<T>(factor));
        multiply_by(row.negative_gradient, static_cast<T>(-factor * misses));
      },
      [&] {
        return ReducedPairs{terms.value(), terms.scale(), terms.scale()};
      });
}

}  // namespace metriclab
