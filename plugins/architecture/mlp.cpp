// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/relu.h>

#include <metriclab/deep/network.hpp>
#include <optional>

namespace {

using namespace metriclab;

/// A multi-layer perceptron: for each of `hidden` a linear layer, batch normalisation where wanted,
/// ReLU, dropout where wanted; then a linear layer to the embedding. Images count row by row.
///
/// Shapes: (B × input…) to (B × embedding). Parameters: Σ over layers of (in + 1) · out, and with
/// batch normalisation 2 · h for each hidden layer (which then has no bias of its own, as the
/// normalisation would take it away: in · h there). Dropout sets a unit to 0 with probability p and
/// divides the others by 1 − p, in training only (Srivastava et al. JMLR 2014).
class Mlp final : public Network {
 public:
  static void describe(Description<Mlp>& is) {
    is.summary("fully connected layers with ReLU");
    is.source(
        "Rumelhart, Hinton, Williams. Learning representations by back-propagating errors. Nature "
        "1986");
    is.source(
        "Nair, Hinton. Rectified linear units improve restricted Boltzmann machines. ICML 2010");
    is.cost("O(B · weights) time");
    is.parameter("hidden", &Mlp::hidden, "units of each hidden layer, from the input on")
        .at_least(1);
    is.parameter("embedding", &Mlp::embedding, "dimensions of the embedding").at_least(1);
    is.parameter("batch_norm", &Mlp::batch_norm, "batch normalisation before each ReLU");
    is.parameter("dropout", &Mlp::dropout, "probability that a hidden unit is left out of a step")
        .at_least(0)
        .below(1);
    describe_common(is);
  }

  void draw_from(const Random& random) override { random_ = random; }

 protected:
  std::int64_t make_layers(const std::vector<std::int64_t>& input, Random& random) override {
    layers_.clear();
    norms_.clear();
    std::int64_t in = dimension_of(input);
    for (std::size_t i = 0; i < hidden.size(); ++i) {
      const std::string name = "hidden" + std::to_string(i + 1);
      layers_.push_back(linear(name, in, hidden[i], Before::relu, !batch_norm, random));
      if (batch_norm) norms_.push_back(Network::batch_norm(name + ".norm", hidden[i]));
      in = hidden[i];
    }
    layers_.push_back(linear("embedding", in, embedding, Before::other, true, random));
    return embedding;
  }

  at::Tensor embed(const at::Tensor& inputs, bool training) override {
    at::Tensor x = inputs.flatten(1);
    for (std::size_t i = 0; i < hidden.size(); ++i) {
      x = layers_[i](x);
      if (batch_norm) x = norms_[i](x, training);
      x = at::relu(x);
      if (training && dropout > 0) x = x.mul(mask(x));
    }
    return layers_.back()(x);
  }

 private:
  at::Tensor mask(const at::Tensor& x) {
    if (!random_) throw Error("a network with dropout is trained without a stream to draw from");
    const at::Tensor drawn = uniform_tensor(x.sizes(), 0, 1, *random_, x.scalar_type());
    return drawn.ge(dropout).to(x.options()).div(1 - dropout);
  }

  std::vector<std::int64_t> hidden = {128};
  std::int64_t embedding = 64;
  bool batch_norm = false;
  double dropout = 0;
  std::vector<Linear> layers_;
  std::vector<BatchNorm> norms_;
  std::optional<Random> random_;
};

METRICLAB_PLUGIN(Mlp, "mlp");

}  // namespace
