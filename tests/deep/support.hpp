// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <metriclab/deep/batch.hpp>
#include <metriclab/deep/laws.hpp>
#include <metriclab/deep/loss.hpp>
#include <metriclab/deep/miner.hpp>
#include <metriclab/plugin/registry.hpp>
#include <optional>
#include <string>
#include <vector>

// LibTorch may bring glog's CHECK, which is not the one meant in tests: this header stands before
// doctest's.
#undef CHECK
#include <doctest/doctest.h>

namespace metriclab::testing {

Registry& registry();

/// The reference values of the deep part, where this machine has them.
std::optional<std::filesystem::path> deep_reference();
at::Tensor read_tensor(const std::filesystem::path& file);
/// Their batch of 32.
Batch reference_batch(const std::filesystem::path& folder);

/// A seeded batch, float64, with labels; embeddings are standard normal.
Batch random_batch(const std::vector<std::int64_t>& labels, std::int64_t dimensions,
                   std::uint64_t seed);
at::Tensor integers(const std::vector<std::int64_t>& values);

/// A plugin's block of a spec, as JSON.
std::unique_ptr<Loss> make_loss(const std::string& json);
std::unique_ptr<Miner> make_miner(const std::string& json);

struct Outcome {
  double value = 0;
  at::Tensor embeddings, reference;  // gradients
  std::vector<at::Tensor> parameters;
};
/// The loss of a batch and its gradients.
Outcome evaluate(Loss& loss, const Batch& batch, const Tuples& tuples = Tuples::all());

}  // namespace metriclab::testing
