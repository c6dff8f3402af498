// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/network.hpp>

namespace {

using namespace metriclab;

/// y = W x + b: the embedding of a Mahalanobis metric M = WᵀW, by whatever loss. Images count row
/// by row. Shapes: (B × input…) to (B × embedding). Parameters: embedding · (d + 1), d the product
/// of the input's shape.
class LinearMap final : public Network {
 public:
  static void describe(Description<LinearMap>& is) {
    is.summary("one linear layer");
    is.source(
        "Goldberger, Roweis, Hinton, Salakhutdinov. Neighbourhood components analysis. NIPS 2004 "
        "(a "
        "linear map trained by gradient)");
    is.cost("O(B d embedding) time");
    is.parameter("embedding", &LinearMap::embedding, "dimensions of the embedding").at_least(1);
    is.parameter("bias", &LinearMap::bias,
                 "whether a vector is added; Euclidean distances don't see it");
    describe_common(is);
  }

 protected:
  std::int64_t make_layers(const std::vector<std::int64_t>& input, Random& random) override {
    layer_ = linear("linear", dimension_of(input), embedding, Before::other, bias, random);
    return embedding;
  }
  at::Tensor embed(const at::Tensor& inputs, bool) override { return layer_(inputs.flatten(1)); }

 private:
  std::int64_t embedding = 64;
  bool bias = true;
  Linear layer_;
};

METRICLAB_PLUGIN(LinearMap, "linear");

}  // namespace
