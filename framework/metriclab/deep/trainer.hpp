// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <metriclab/data/method.hpp>
#include <metriclab/deep/architecture.hpp>
#include <metriclab/deep/loss.hpp>
#include <metriclab/deep/miner.hpp>
#include <metriclab/deep/optimizer.hpp>
#include <metriclab/deep/sampler.hpp>
#include <metriclab/deep/schedule.hpp>
#include <metriclab/deep/transform.hpp>
#include <optional>
#include <string>
#include <vector>

namespace metriclab {

/// What a method plugin that holds a network exposes: Eigen's matrices and LibTorch.
namespace detail {
inline constexpr auto kDeepMethodAbiText = [] {
  std::array<char, kEigenAbi.size() + kTorchAbi.size()> text{};
  std::ranges::copy(kTorchAbi, std::ranges::copy(kEigenAbi, text.begin()).out);
  return text;
}();
}  // namespace detail
inline constexpr std::string_view kDeepMethodAbi{detail::kDeepMethodAbiText.data(),
                                                 detail::kDeepMethodAbiText.size()};

/// A part of the training data that is not trained on but measured after each epoch.
struct Validation {
  double part = 0.2;
  std::string of = "examples";
  static void describe(Description<Validation>& is);
};

/// The "training" of a deep method in a spec.
struct TrainingSettings : OptimizerSettings, Schedule {
  std::int64_t epochs = 20;
  double learning_rate = 1e-3;
  std::optional<double> loss_learning_rate;
  std::optional<double> gradient_clip;
  std::optional<Validation> validation;
  std::optional<std::int64_t> patience;
  std::optional<std::int64_t> checkpoint;
  std::string device = "auto";
  static void describe(Description<TrainingSettings>& is);
};

/// What a training is composed of.
struct TrainingParts {
  Architecture& network;
  Loss& loss;
  Sampler& sampler;
  Miner* miner = nullptr;  // none: the loss sees all tuples
  std::vector<Transform*> transforms = {};
};

/// What `train` tells of itself: a Fit without its model.
struct Trained {
  Value report = Value::object();
  std::vector<Curve> curves;
};

/// Builds the network for the training part and trains it; its weights are then those of the last
/// epoch, or, with validation, those of the best one (the earliest where several are).
///
/// A step: a batch of the sampler's goes through the transforms and the network; the miner chooses
/// tuples; the gradient of the loss, over the network's parameters and the loss's own together, is
/// scaled down to the length `gradient_clip` where it is longer; the optimiser moves both.
/// Validation is MAP@R within the part set aside, each example querying the others (Musgrave et al.
/// A metric learning reality check. ECCV 2020). Training ends after `epochs`, or when it has not
/// become better for `patience` epochs.
///
/// Curves, by epoch: "loss", the mean over its steps; "learning_rate", that of its last step;
/// "validation.map_at_r". Report: "epochs" and "steps" made, "stopped" ("epochs", "patience"),
/// "parameters" of the network, and with validation "best_epoch".
///
/// With Training::checkpoints the state is written there at the end of an epoch: each `checkpoint`
/// epochs, or, where that is not set, when half a minute has passed since the last time. A training
/// that finds a whole checkpoint goes on from it, and ends with the same bytes as one that was
/// never interrupted; a damaged one is passed over.
///
/// Throws Error: no labels, where the loss needs them (one without parameters of its own does not
/// where the sampler gives tuples that the data set states); a sampler, transform or validation
/// that the data does not allow; embeddings or a loss that are not finite, with epoch and step.
Trained train(const TrainingSettings& settings, const TrainingParts& parts,
              const Training& training);

}  // namespace metriclab
