// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/network_model.hpp>
#include <metriclab/deep/training_set.hpp>
#include <numeric>

namespace metriclab {

TrainingSet::TrainingSet(const Data& data, std::vector<Transform*> transforms)
    : inputs_(as_tensor(data.examples, 0, data.size())),
      transforms_(std::move(transforms)),
      targets_(data.targets),
      label_sets_(data.label_sets),
      n_set_classes_(static_cast<std::int64_t>(data.set_classes.size())) {
  read_labels(data);
  for (const LabelledPair& pair : data.constraints.pairs)
    (pair.similar ? sampling_.positive_pairs : sampling_.negative_pairs)
        .push_back({pair.first, pair.second});
  sampling_.triplets = data.constraints.triplets;
  for (Transform* transform : transforms_) transform->prepare(data.examples.shape());
  add_copies(data);
}

void TrainingSet::read_labels(const Data& data) {
  if (data.columns.empty()) {
    n_classes_ = data.size();
    sampling_.labels.resize(static_cast<std::size_t>(data.size()));
    std::iota(sampling_.labels.begin(), sampling_.labels.end(), 0);
    return;
  }
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
  for (const std::int32_t label : given)
    sampling_.labels.push_back(dense[static_cast<std::size_t>(label)]);
  for (std::size_t c = 1; c < data.columns.size(); ++c) {
    sampling_.columns.emplace_back(data.columns[c].values.begin(), data.columns[c].values.end());
    sampling_.column_names.push_back(data.columns[c].name);
  }
}

void TrainingSet::add_copies(const Data& data) {
  std::int64_t copies = 1;
  for (const Transform* transform : transforms_) copies *= transform->copies();
  const auto n = static_cast<std::size_t>(data.size());
  auto& [labels, columns, names, positive_pairs, negative_pairs, triplets] = sampling_;
  for (std::int64_t copy = 1; copy < copies; ++copy) {
    const std::int64_t offset = copy * data.size();
    for (std::size_t i = 0; i < n; ++i) labels.push_back(labels[i] + copy * n_classes_);
    for (auto& column : columns)
      for (std::size_t i = 0; i < n; ++i) column.push_back(column[i]);
    auto repeat = [&](auto& tuples, std::size_t count) {
      for (std::size_t t = 0; t < count; ++t) {
        auto tuple = tuples[t];
        for (std::int64_t& i : tuple) i += offset;
        tuples.push_back(tuple);
      }
    };
    const auto parts = static_cast<std::size_t>(copy);
    repeat(positive_pairs, positive_pairs.size() / parts);
    repeat(negative_pairs, negative_pairs.size() / parts);
    repeat(triplets, triplets.size() / parts);
  }
  n_classes_ *= copies;
}

LossSetting TrainingSet::setting() const {
  return {.n_classes = n_classes_,
          .random = Random(0),
          .labels = sampling_.labels,
          .columns = sampling_.columns,
          .column_names = sampling_.column_names,
          .n_label_sets = n_set_classes_};
}

Batch TrainingSet::batch(const std::vector<std::int64_t>& examples, const Random& random) const {
  const WithoutAutograd off;
  const std::int64_t n = inputs_.size(0);
  std::vector<std::int64_t> sources, labels, rest;
  for (const std::int64_t i : examples) {
    METRICLAB_CHECK(i >= 0 && i < size(), "a sampler's example that is not there");
    sources.push_back(i % n);
    rest.push_back(i / n);
    labels.push_back(sampling_.labels[static_cast<std::size_t>(i)]);
  }
  Batch drawn{.embeddings = at::index_select(inputs_, 0, index_tensor(sources)),
              .labels = index_tensor(labels),
              .examples = index_tensor(examples)};
  for (std::size_t t = 0; t < transforms_.size(); ++t) {
    std::vector<std::int64_t> copies;
    for (std::int64_t& of : rest) {
      copies.push_back(of % transforms_[t]->copies());
      of /= transforms_[t]->copies();
    }
    Random own = random.child(t);
    drawn.embeddings = transforms_[t]->apply(drawn.embeddings, copies, own);
  }
  const auto count = static_cast<std::int64_t>(examples.size());
  for (const std::vector<std::int64_t>& column : sampling_.columns) {
    std::vector<std::int64_t> values;
    for (const std::int64_t i : examples) values.push_back(column[static_cast<std::size_t>(i)]);
    drawn.columns.push_back(index_tensor(values));
  }
  if (!targets_.empty()) {
    drawn.targets = at::empty({count}, at::kDouble);
    double* to = drawn.targets.data_ptr<double>();
    for (const std::int64_t i : sources) *to++ = targets_[static_cast<std::size_t>(i)];
  }
  if (!label_sets_.empty()) {
    drawn.label_sets = at::zeros({count, n_set_classes_}, at::kDouble);
    double* to = drawn.label_sets.data_ptr<double>();
    for (const std::int64_t i : sources) {
      for (const std::int32_t label : label_sets_[static_cast<std::size_t>(i)]) to[label] = 1;
      to += n_set_classes_;
    }
  }
  return drawn;
}

}  // namespace metriclab
