// SPDX-License-Identifier: BSD-3-Clause
#include "support.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros_like.h>

#include <cstdlib>
#include <cstring>
#include <metriclab/data/npy.hpp>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab::testing {

Registry& registry() {
  static Registry instance(Registry::standard_folders());
  return instance;
}

std::optional<std::filesystem::path> deep_reference() {
  const char* folder = std::getenv("METRICLAB_REFERENCE");
  if (folder == nullptr) return std::nullopt;
  return std::filesystem::path(folder) / "deep";
}

at::Tensor read_tensor(const std::filesystem::path& file) {
  const NpyArray array = read_npy(file);
  const bool integer = std::holds_alternative<std::vector<std::int64_t>>(array.values);
  const at::Tensor tensor = at::empty(array.shape, integer ? at::kLong : at::kDouble);
  if (integer) {
    const std::vector<std::int64_t> values = array.as_integers();
    std::memcpy(tensor.data_ptr(), values.data(), values.size() * sizeof(std::int64_t));
  } else {
    const std::vector<double> values = array.as_double();
    std::memcpy(tensor.data_ptr(), values.data(), values.size() * sizeof(double));
  }
  return tensor;
}

Batch reference_batch(const std::filesystem::path& folder) {
  return {.embeddings = read_tensor(folder / "embeddings_B32.npy"),
          .labels = read_tensor(folder / "labels_B32.npy")};
}

Batch random_batch(const std::vector<std::int64_t>& labels, std::int64_t dimensions,
                   std::uint64_t seed) {
  Random random(seed, "batch");
  return {.embeddings = normal_tensor({static_cast<std::int64_t>(labels.size()), dimensions}, 1,
                                      random, at::kDouble),
          .labels = integers(labels)};
}

at::Tensor integers(const std::vector<std::int64_t>& values) { return index_tensor(values); }

std::unique_ptr<Loss> make_loss(const std::string& json) {
  return registry().make<Loss>(parse_json(json));
}
std::unique_ptr<Miner> make_miner(const std::string& json) {
  return registry().make<Miner>(parse_json(json));
}

Outcome evaluate(Loss& loss, const Batch& batch, const Tuples& tuples) {
  Batch recorded = batch;
  recorded.embeddings = batch.embeddings.detach().clone().requires_grad_(true);
  std::vector<at::Tensor> inputs = {recorded.embeddings};
  if (batch.has_reference()) {
    recorded.reference = batch.reference.detach().clone().requires_grad_(true);
    inputs.push_back(recorded.reference);
  }
  const std::size_t n_data = inputs.size();
  for (const NamedTensor& parameter : loss.parameters()) inputs.push_back(parameter.tensor);
  const at::Tensor value = loss.forward(recorded, tuples);
  std::vector<at::Tensor> gradients = gradients_of(value, inputs);
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (!gradients[i].defined()) gradients[i] = at::zeros_like(inputs[i].detach());
  Outcome outcome;
  outcome.value = value.item<double>();
  outcome.embeddings = gradients[0];
  if (batch.has_reference()) outcome.reference = gradients[1];
  outcome.parameters.assign(gradients.begin() + static_cast<std::ptrdiff_t>(n_data),
                            gradients.end());
  return outcome;
}

}  // namespace metriclab::testing
