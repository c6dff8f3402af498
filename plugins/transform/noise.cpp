// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/empty_like.h>

#include <metriclab/deep/transform.hpp>

namespace {

using namespace metriclab;

/// To every value its own normal number of mean 0 is added. Takes vectors and images. Cost:
/// O(values), a normal number each.
class Noise final : public Transform {
 public:
  static void describe(Description<Noise>& is) {
    is.summary("Gaussian noise on every value");
    is.source(
        "Bishop. Training with noise is equivalent to Tikhonov regularization. Neural Computation "
        "1995");
    is.cost("O(values) time and memory");
    is.parameter("deviation", &Noise::deviation,
                 "standard deviation, in the scale of the inputs after normalisation")
        .at_least(0);
  }

  void prepare(const std::vector<std::int64_t>&) override {}

  at::Tensor apply(const at::Tensor& inputs, const std::vector<std::int64_t>&,
                   Random& random) const override {
    const at::Tensor values = inputs.contiguous();
    at::Tensor result = at::empty_like(values);
    const float* from = values.data_ptr<float>();
    float* to = result.data_ptr<float>();
    for (std::int64_t i = 0; i < values.numel(); ++i)
      to[i] = from[i] + static_cast<float>(deviation * random.normal());
    return result;
  }

 private:
  double deviation = 0.1;
};

METRICLAB_PLUGIN(Noise, "noise");

}  // namespace
