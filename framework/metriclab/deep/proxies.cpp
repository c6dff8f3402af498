// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/proxies.hpp>
#include <metriclab/plugin/error.hpp>
#include <vector>

namespace metriclab {

at::Tensor labels_below(const Batch& batch, std::int64_t n_classes, std::string_view what) {
  for (const std::int64_t label : as_indices(batch.labels))
    if (label < 0 || label >= n_classes)
      throw Error(fmt::format("an example of the batch has label {}; there are {} for 0 … {}",
                              label, what, n_classes - 1));
  return batch.labels.to(batch.embeddings.device());
}

at::Tensor one_hot(const at::Tensor& labels, std::int64_t n_classes, const at::Tensor& like) {
  return at::Tensor(like.detach().new_zeros({labels.size(0), n_classes}))
      .scatter_(1, labels.unsqueeze(1), 1);
}

at::Tensor example_weights(const Batch& batch, const Tuples& tuples) {
  const std::int64_t n = batch.embeddings.size(0);
  if (tuples.form == Tuples::Form::all) return batch.embeddings.detach().new_ones({n});
  std::vector<double> counts(static_cast<std::size_t>(n), 0);
  double most = 0;
  for (const at::Tensor& list : {tuples.anchor, tuples.positive_anchor, tuples.positive,
                                 tuples.negative_anchor, tuples.negative})
    if (list.defined())
      for (const std::int64_t i : as_indices(list))
        if (i < n) most = std::max(most, ++counts[static_cast<std::size_t>(i)]);
  const at::Tensor weights = at::empty({n}, at::kDouble);
  std::transform(counts.begin(), counts.end(), weights.data_ptr<double>(),
                 [&](double count) { return most > 0 ? count / most : 0; });
  return weights.to(batch.embeddings.device(), batch.embeddings.scalar_type());
}

}  // namespace metriclab
