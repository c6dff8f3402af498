// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <metriclab/deep/trainable.hpp>
#include <vector>

namespace metriclab {

/// How far a training has come. Together with the settings and the data it is all that the rest of
/// the training depends on: random numbers come from streams named after epochs and steps.
struct TrainingState {
  std::int64_t epoch = 0, step = 0;                // done
  std::int64_t best_epoch = 0;                     // by validation; 0: none yet
  double best = 0;                                 // its value
  std::vector<double> losses, rates, validations;  // by epoch
  std::vector<NamedTensor>
      tensors;  // handles of weights, buffers, optimisers' states and best weights
};

/// Writes checkpoint.safetensors, whole or not at all, into a folder that is made where it isn't
/// there.
void write_checkpoint(const std::filesystem::path& folder, const TrainingState& state);

/// Reads it into `state`, whose tensors receive the values. False, with the state untouched, where
/// there is none, or it is damaged, or its tensors are others.
bool read_checkpoint(const std::filesystem::path& folder, TrainingState& state);

}  // namespace metriclab
