// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/network.hpp>

namespace {

using namespace metriclab;

/// The inputs themselves as embeddings, images row by row: what a loss with trained parameters, or
/// an evaluator, is to be measured against. Shapes: (B × input…) to (B × d), d the product of the
/// input's shape. No parameters.
class Identity final : public Network {
 public:
  static void describe(Description<Identity>& is) {
    is.summary("no network: the inputs are the embeddings");
    is.source("made for metriclab");
    is.cost("none");
    describe_common(is);
  }

 protected:
  std::int64_t make_layers(const std::vector<std::int64_t>& input, Random&) override {
    return dimension_of(input);
  }
  at::Tensor embed(const at::Tensor& inputs, bool) override { return inputs.flatten(1); }
};

METRICLAB_PLUGIN(Identity, "identity");

}  // namespace
