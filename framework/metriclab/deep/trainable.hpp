// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/version.h>

#include <metriclab/plugin/plugin.hpp>
#include <metriclab/plugin/random.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace metriclab {

inline constexpr std::string_view kTorchAbi = "libtorch=" TORCH_VERSION "\n";

struct NamedTensor {
  std::string name;
  at::Tensor tensor;
};

/// A component with tensors of its own: parameters, which the optimiser moves, and buffers, which
/// are kept with them (running means, queues). Floating-point ones go to the training's device;
/// integers stay in the CPU's memory.
class Trainable : public Component {
 public:
  static constexpr std::string_view abi = kTorchAbi;
  ~Trainable() override;

  const std::vector<NamedTensor>& parameters() const { return parameters_; }
  const std::vector<NamedTensor>& buffers() const { return buffers_; }

 protected:
  /// Registers a parameter and returns its handle (the same storage). A second call of that name
  /// replaces it.
  at::Tensor parameter(std::string name, at::Tensor initial);
  at::Tensor buffer(std::string name, at::Tensor initial);
  /// Takes in all that a part of this one has registered, under `prefix`/name.
  void adopt(const std::string& prefix, const Trainable& part);

 private:
  std::vector<NamedTensor> parameters_, buffers_;
};

/// A tensor of independent normals from a stream: the same bytes whatever the device and the
/// LibTorch release.
at::Tensor normal_tensor(at::IntArrayRef shape, double deviation, Random& random,
                         at::ScalarType type = at::kFloat);
at::Tensor uniform_tensor(at::IntArrayRef shape, double low, double high, Random& random,
                          at::ScalarType type = at::kFloat);

}  // namespace metriclab
