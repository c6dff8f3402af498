// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <memory>
#include <metriclab/data/method.hpp>
#include <metriclab/deep/architecture.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// "cpu", "cuda", or "auto", which is cuda where LibTorch finds one. Throws Error where "cuda" is
/// not to be had.
at::Device device_from_string(const std::string& name);

/// Settings of the whole process: as many threads as said for LibTorch's operations and for the
/// BLAS below them; and memory that was freed is kept, since a step of training asks for the same
/// blocks as the last, and the system would clear each of their pages anew (a third of conv4's
/// time).
void prepare_process(int threads);

/// Builds a network for examples of that shape and moves it to the device. Its weights depend on
/// `initialization` alone.
void build_network(Architecture& network, const Shape& input, const Random& initialization,
                   at::Device device);

/// Moves parameters and buffers to a device; their handles stay the same. Integers (labels, places,
/// counts) stay in the CPU's memory, where they are looked at without waiting for the device.
void move_to(const Trainable& trainable, at::Device device);

/// Parameters, then buffers.
std::vector<NamedTensor> tensors_of(const Trainable& trainable);

/// Examples `begin` … `begin + count − 1`, (count × shape) float32, copied.
at::Tensor as_tensor(const Examples& examples, std::int64_t begin, std::int64_t count);

/// The embeddings (n × d) that a built network gives, a few hundred examples at a time; each
/// dimension multiplied by its `scale`, (d), if there is one.
MatrixF embed(Architecture& network, const Examples& examples, at::Device device,
              const at::Tensor& scale = {});

/// What a deep method ends as: a network with its weights.
///
/// Several models may share one Architecture, as those of one method do: each keeps its own weights
/// and puts them into the network before it embeds.
class NetworkModel final : public Model {
 public:
  /// Of a network that is built for `input` and stands on `device`. `scale`, (d) or undefined: by
  /// what each dimension of its embeddings is multiplied (Loss::learned_scale).
  NetworkModel(Plugin<Architecture> network, Shape input, Distance distance, at::Device device,
               const at::Tensor& scale = {});
  /// Of what `save` wrote.
  static std::unique_ptr<NetworkModel> restore(Plugin<Architecture> network,
                                               const std::filesystem::path& folder,
                                               at::Device device);

  MatrixF embed(const Examples& examples) const override;
  Distance distance() const override { return distance_; }
  /// network.safetensors: weights and buffers, the shape of inputs, the distance, the scale.
  void save(const std::filesystem::path& folder) const override;

 private:
  Plugin<Architecture> network_;
  Shape input_;
  Distance distance_;
  at::Device device_;
  std::vector<NamedTensor> tensors_;
  at::Tensor scale_;
};

}  // namespace metriclab
