// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

#include <metriclab/deep/trainable.hpp>
#include <string>

namespace metriclab {

/// Plugin kind "regularizer": a penalty that a loss adds to itself.
class Regularizer : public Component {
 public:
  static constexpr std::string_view kind = "regularizer";
  static constexpr std::string_view abi = kTorchAbi;
  ~Regularizer() override;

  template <class T>
  static void describe_common(Description<T>& is) {
    is.parameter("weight", &T::weight, "the factor of the penalty in the loss").at_least(0);
    is.parameter("on", &T::on,
                 "what is penalised: the batch's embeddings, as the network gives them, or the "
                 "loss's trained vectors of the classes")
        .one_of({"embeddings", "weights"});
  }

  /// A scalar; `vectors` (n × d), a row an embedding or a class, or one of `per_class` that a class
  /// has, together. 0 for n = 0.
  virtual at::Tensor penalty(const at::Tensor& vectors, std::int64_t per_class = 1) const = 0;

  double weight = 1.0;
  std::string on = "embeddings";
};

}  // namespace metriclab
