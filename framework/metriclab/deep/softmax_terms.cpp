// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <metriclab/deep/softmax_terms.hpp>

namespace metriclab {

template <class T>
double cross_entropy(const PairRow<T>& row, T slope) {
  if (row.positives.empty()) return 0;
  // The rounding of a difference of equals would count as a term above 0.
  if (row.positives.size() == 1 && row.negatives.empty()) return 0;
  const auto n = static_cast<double>(row.positives.size());
  const double near = log_sum_exp(row.positives, slope, T(0), false, row.positive_gradient),
               far = log_sum_exp(row.negatives, slope, T(0), false, row.negative_gradient),
               top = std::max(near, far);
  const double all = top + std::log(std::exp(near - top) + std::exp(far - top));
  multiply_by(row.negative_gradient, static_cast<T>(double{slope} * std::exp(far - all)));
  const T share = static_cast<T>(double{slope} * std::exp(near - all)),
          own = static_cast<T>(double{slope} / n);
  for (T& gradient : row.positive_gradient) gradient = share * gradient - own;
  return all - double{slope} * sum_of(row.positives) / n;
}

template double cross_entropy(const PairRow<float>&, float);
template double cross_entropy(const PairRow<double>&, double);

at::Tensor cross_entropies(const at::Tensor& z, const PairCounts& counts) {
  const at::Tensor n = counts.positive.sum(1),
                   mean = z.mul(counts.positive).sum(1).div(n.clamp_min(1));
  return log_sum_exp(z, counts.positive.add(counts.negative), false).sub(mean);
}

}  // namespace metriclab
