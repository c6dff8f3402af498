// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/conv2d.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <metriclab/deep/network.hpp>

namespace {

using namespace metriclab;

/// The four-block convolutional network of few-shot learning. A block: 3 × 3 convolutions with a
/// border of one zero, `filters` of them and without bias (batch normalisation has one), batch
/// normalisation, ReLU, maxima of 2 × 2 squares (an odd last row or column is left out).
///
/// Shapes: (B × C × H × W) to (B × filters · ⌊H/16⌋ · ⌊W/16⌋), 64 for 28 × 28 images and 64
/// filters; with `embedding` a linear layer follows. H and W must be at least 16. Parameters: 9 F
/// (C + 3 F) + 8 F, F filters. Differs from the papers: their convolutions have a bias, which has
/// no effect before the normalisation.
class Conv4 final : public Network {
 public:
  static void describe(Description<Conv4>& is) {
    is.summary("four blocks of 3 x 3 convolutions, for small images");
    is.source(
        "Vinyals, Blundell, Lillicrap, Kavukcuoglu, Wierstra. Matching networks for one shot "
        "learning. NIPS 2016");
    is.source("Snell, Swersky, Zemel. Prototypical networks for few-shot learning. NIPS 2017");
    is.cost("O(B H W filters (C + filters)) time");
    is.parameter("filters", &Conv4::filters, "filters of each block").at_least(1);
    is.parameter("embedding", &Conv4::embedding,
                 "dimensions of the embedding, by a linear layer; null: the last block's values as "
                 "they are")
        .at_least(1);
    describe_common(is);
  }

 protected:
  std::int64_t make_layers(const std::vector<std::int64_t>& input, Random& random) override {
    if (input.size() != 3)
      throw Error(fmt::format("conv4 takes images, (channels, height, width); these are {}",
                              input.size() == 1
                                  ? fmt::format("vectors of {}", input[0])
                                  : fmt::format("of shape ({})", fmt::join(input, ", "))));
    if (input[1] < kLeast || input[2] < kLeast)
      throw Error(
          fmt::format("conv4 halves images four times, so that height and width must be at "
                      "least {}; these are {} x {}",
                      kLeast, input[1], input[2]));
    std::int64_t channels = input[0];
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const std::string name = "block" + std::to_string(i + 1);
      blocks_[i].weight =
          weights(name + ".weight", {filters, channels, 3, 3}, 9 * channels, Before::relu, random);
      blocks_[i].norm = batch_norm(name + ".norm", filters);
      channels = filters;
    }
    const std::int64_t size = filters * (input[1] / kLeast) * (input[2] / kLeast);
    if (!embedding) return size;
    last_ = linear("embedding", size, *embedding, Before::other, true, random);
    return *embedding;
  }

  at::Tensor embed(const at::Tensor& inputs, bool training) override {
    // Channels last throughout, which is what the fused operation is made for. Of images of one
    // channel the strides have to say so, as both orders are the same there.
    constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;
    at::Tensor x = inputs.contiguous(kChannelsLast);
    const std::int64_t c = x.size(1), h = x.size(2), w = x.size(3);
    x = x.as_strided(x.sizes(), {h * w * c, 1, w * c, c});
    for (const Block& block : blocks_)
      x = block.norm.relu_pool(at::conv2d(x, block.weight.contiguous(kChannelsLast), {}, 1, 1),
                               training);
    x = x.flatten(1);
    return embedding ? last_(x) : x;
  }

 private:
  static constexpr std::int64_t kLeast = 16;
  struct Block {
    at::Tensor weight;  // (filters × channels × 3 × 3)
    BatchNorm norm;
  };
  std::int64_t filters = 64;
  std::optional<std::int64_t> embedding;
  std::array<Block, 4> blocks_;
  Linear last_;
};

METRICLAB_PLUGIN(Conv4, "conv4");

}  // namespace
