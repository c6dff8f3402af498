// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <metriclab/plugin/random.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// What is known of a training's examples before it begins; losses and miners make their tensors
/// for it.
struct LossSetting {
  std::int64_t n_classes = 0;  // every label is below it
  std::int64_t embedding_size = 0;
  at::ScalarType type = at::kFloat;
  Random random;
  std::vector<std::int64_t> labels = {};                // (n) the class of each training example
  std::vector<std::vector<std::int64_t>> columns = {};  // the further label columns, each (n)
  std::vector<std::string> column_names = {};           // as many
  std::int64_t n_label_sets = 0;  // C of Batch::label_sets; 0: the data set has none
};

/// Where a training stands when a step begins.
struct Progress {
  std::int64_t step = 0;           // from 0, over all epochs
  std::int64_t epoch = 0;          // from 0
  std::int64_t step_of_epoch = 0;  // from 0
};

/// The training examples as the network embeds them at some step, without autograd, in the CPU's
/// memory: row i is training example i, transformed as in a batch.
struct Snapshot {
  at::Tensor embeddings;  // (n × d) float32
  at::Tensor labels;      // (n) int64
};

}  // namespace metriclab
