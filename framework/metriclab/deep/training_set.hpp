// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

#include <metriclab/data/dataset.hpp>
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
  /// Prepares the transforms, which must outlive this. Throws Error where there are no labels, or a
  /// transform can't take such examples.
  TrainingSet(const Data& data, std::vector<Transform*> transforms);

  /// The class of each training example, copies included.
  const std::vector<std::int64_t>& labels() const { return labels_; }
  std::int64_t n_classes() const { return n_classes_; }

  struct Drawn {
    at::Tensor inputs;                // (B × shape) float32
    at::Tensor labels;                // (B) int64
    std::vector<at::Tensor> columns;  // the further label columns as they are, each (B) int64
  };
  /// Those training examples, transformed; all on the CPU.
  Drawn batch(const std::vector<std::int64_t>& examples, const Random& random) const;

 private:
  at::Tensor inputs_;
  std::vector<LabelColumn> columns_;
  std::vector<Transform*> transforms_;
  std::vector<std::int64_t> labels_;
  std::int64_t n_classes_ = 0;
};

}  // namespace metriclab
