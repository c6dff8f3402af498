// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <metriclab/deep/soft_histogram.hpp>
#include <metriclab/plugin/error.hpp>

namespace metriclab {

SoftHistogram::SoftHistogram(double lowest, double highest, std::int64_t n_bins)
    : lowest_(lowest),
      per_width_(static_cast<double>(n_bins) / (highest - lowest)),
      n_bins_(n_bins) {}

SoftHistogram SoftHistogram::of_distances(const BatchDistance& distance, bool is_bounded,
                                          std::optional<double> highest, std::int64_t n_bins) {
  if (!highest && !is_bounded)
    throw Error(
        "distances of embeddings of any length have no bound; give \"highest\", where the "
        "histogram ends, or normalise the embeddings");
  if (highest) return {0, *highest, n_bins};
  // From a vector to itself and to its opposite.
  const at::Tensor one = at::tensor({1.0, 0.0}, at::kDouble).unsqueeze(0);
  auto to = [&](const at::Tensor& other) {
    return *distance.matrix(one, other).data_ptr<double>();
  };
  return {to(one.clone()), to(one.neg()), n_bins};
}

template <class T>
SoftHistogram::Place SoftHistogram::place(T x) const {
  const double at = (static_cast<double>(x) - lowest_) * per_width_,
               last = static_cast<double>(n_bins_);
  const double inside = at > 0 ? std::min(at, last) : 0;  // 0 for NaN too
  const std::int64_t node = std::min(static_cast<std::int64_t>(inside), n_bins_ - 1);
  return {node, inside - static_cast<double>(node), at >= 0 && at <= last};
}

template <class T>
void SoftHistogram::add(std::span<const T> x, std::span<double> counts) const {
  for (const T value : x) {
    const Place is = place(value);
    double* at = counts.data() + is.node;
    at[0] += 1 - is.part;
    at[1] += is.part;
  }
}

template <class T>
void SoftHistogram::add_gradient(std::span<const T> x, std::span<const double> slopes,
                                 std::span<T> gradient) const {
  for (std::size_t k = 0; k < x.size(); ++k) {
    const Place is = place(x[k]);
    const double* at = slopes.data() + is.node;
    if (is.is_inside) gradient[k] += static_cast<T>((at[1] - at[0]) * per_width_);
  }
}

template <class T>
KeptSum SoftHistogram::interpolated(std::span<const T> x, std::span<const double> values,
                                    Kept<T> kept, std::span<T> gradient,
                                    std::span<double> counts) const {
  KeptSum sum;
  for (std::size_t k = 0; k < x.size(); ++k) {
    const Place is = place(x[k]);
    const double *at = values.data() + is.node, term = at[0] + is.part * (at[1] - at[0]);
    gradient[k] = 0;
    if (!(term > kept.low && term < kept.high)) continue;
    sum.sum += term;
    ++sum.n_kept;
    if (is.is_inside) gradient[k] = static_cast<T>((at[1] - at[0]) * per_width_);
    double* to = counts.data() + is.node;
    to[0] += 1 - is.part;
    to[1] += is.part;
  }
  return sum;
}

SoftHistogram::Places SoftHistogram::places(const at::Tensor& x) const {
  const at::Tensor at = x.sub(lowest_).mul(per_width_).clamp(0, static_cast<double>(n_bins_)),
                   node = at.detach().floor().clamp_max(static_cast<double>(n_bins_ - 1));
  return {node.to(at::kLong), at.sub(node)};
}

at::Tensor SoftHistogram::counts(const at::Tensor& x, const at::Tensor& weights) const {
  const Places at = places(x);
  const at::Tensor upper = at.part.mul(weights);
  return x.detach()
      .new_zeros({x.size(0), n_nodes()})
      .scatter_add(1, at.node, weights.sub(upper))
      .scatter_add(1, at.node.add(1), upper);
}

at::Tensor SoftHistogram::interpolated(const at::Tensor& x, const at::Tensor& values) const {
  const Places at = places(x);
  auto of = [&](const at::Tensor& nodes) {
    return values.index_select(0, nodes.view(-1)).view_as(x);
  };
  const at::Tensor lower = of(at.node);
  return lower.add(at.part.mul(of(at.node.add(1)).sub(lower)));
}

#define METRICLAB_EXPORT(T)                                                                 \
  template void SoftHistogram::add(std::span<const T>, std::span<double>) const;            \
  template void SoftHistogram::add_gradient(std::span<const T>, std::span<const double>,    \
                                            std::span<T>) const;                            \
  template KeptSum SoftHistogram::interpolated(std::span<const T>, std::span<const double>, \
                                               Kept<T>, std::span<T>, std::span<double>) const;
METRICLAB_EXPORT(float)
METRICLAB_EXPORT(double)

}  // namespace metriclab
