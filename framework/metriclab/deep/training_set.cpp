// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/index_select.h>
#include <fmt/format.h>

#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/network_model.hpp>
#include <metriclab/deep/training_set.hpp>

namespace metriclab {

TrainingSet::TrainingSet(const Data& data, std::vector<Transform*> transforms)
    : inputs_(as_tensor(data.examples, 0, data.size())), transforms_(std::move(transforms)) {
  if (data.columns.empty())
    throw Error("a deep method learns from class labels, and this data set has none");
  columns_.assign(data.columns.begin() + 1, data.columns.end());
  const std::vector<std::int32_t>& given = data.labels();
  std::vector<std::int64_t> dense(static_cast<std::size_t>(data.n_classes()), -1);
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (given[i] < 0 || given[i] >= data.n_classes())
      throw Error(
          fmt::format("training example {} has no class label; leave such examples out", i));
    dense[static_cast<std::size_t>(given[i])] = 0;
  }
  for (std::int64_t& number : dense)
    if (number == 0) number = n_classes_++;
  for (const std::int32_t label : given) labels_.push_back(dense[static_cast<std::size_t>(label)]);
  for (Transform* transform : transforms_) {
    transform->prepare(data.examples.shape());
    const std::size_t n = labels_.size();
    for (std::int64_t copy = 1; copy < transform->copies(); ++copy)
      for (std::size_t i = 0; i < n; ++i) labels_.push_back(labels_[i] + copy * n_classes_);
    n_classes_ *= transform->copies();
  }
}

TrainingSet::Drawn TrainingSet::batch(const std::vector<std::int64_t>& examples,
                                      const Random& random) const {
  const WithoutAutograd off;
  const std::int64_t n = inputs_.size(0);
  std::vector<std::int64_t> sources, labels, rest;
  for (const std::int64_t i : examples) {
    METRICLAB_CHECK(i >= 0 && i < static_cast<std::int64_t>(labels_.size()),
                    "a sampler's example that is not there");
    sources.push_back(i % n);
    rest.push_back(i / n);
    labels.push_back(labels_[static_cast<std::size_t>(i)]);
  }
  Drawn drawn{.inputs = at::index_select(inputs_, 0, index_tensor(sources)),
              .labels = index_tensor(labels),
              .columns = {}};
  for (std::size_t t = 0; t < transforms_.size(); ++t) {
    std::vector<std::int64_t> copies;
    for (std::int64_t& of : rest) {
      copies.push_back(of % transforms_[t]->copies());
      of /= transforms_[t]->copies();
    }
    Random own = random.child(t);
    drawn.inputs = transforms_[t]->apply(drawn.inputs, copies, own);
  }
  for (const LabelColumn& column : columns_) {
    std::vector<std::int64_t> values;
    for (const std::int64_t i : sources)
      values.push_back(column.values[static_cast<std::size_t>(i)]);
    drawn.columns.push_back(index_tensor(values));
  }
  return drawn;
}

}  // namespace metriclab
