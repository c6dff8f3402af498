// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

#include <metriclab/data/dataset.hpp>
#include <metriclab/deep/batch.hpp>
#include <metriclab/deep/sampler.hpp>
#include <metriclab/deep/snapshot.hpp>
#include <metriclab/deep/transform.hpp>
#include <vector>

namespace metriclab {

/// Examples as a training sees them: with classes numbered from 0 without gaps, and each example
/// standing for all the copies that the transforms make of it.
///
/// With transforms of c₁, c₂, … copies, of n examples and C classes: training example i is example
/// i mod n, its copy for the first transform is (i div n) mod c₁, for the second (i div n·c₁) mod
/// c₂, and so on; classes likewise.
class TrainingSet {
 public:
  /// Prepares the transforms, which must outlive this. Without class labels each example is a class
  /// of its own. Throws Error where an example has none though others have, or a transform can't
  /// take such examples.
  TrainingSet(const Data& data, std::vector<Transform*> transforms);

  /// With copies; these have the columns, targets and tuples of what they are copies of.
  std::int64_t size() const { return static_cast<std::int64_t>(sampling_.labels.size()); }
  std::int64_t n_classes() const { return n_classes_; }
  /// What samplers are told.
  const SamplingSetting& sampling() const { return sampling_; }
  /// What losses and miners are told, but for the size of embeddings and the stream, which are to
  /// be filled in.
  LossSetting setting() const;

  /// Those training examples, transformed, on the CPU; in the place of embeddings are the inputs,
  /// (B × shape) float32.
  Batch batch(const std::vector<std::int64_t>& examples, const Random& random) const;

 private:
  void read_labels(const Data& data);
  void add_copies(const Data& data);

  at::Tensor inputs_;
  std::vector<Transform*> transforms_;
  SamplingSetting sampling_;
  std::vector<double> targets_;                        // of the examples, not their copies
  std::vector<std::vector<std::int32_t>> label_sets_;  // likewise
  std::int64_t n_classes_ = 0, n_set_classes_ = 0;
};

}  // namespace metriclab
