#include <metriclab/deep/network.hpp>

namespace {

using namespace metriclab;

/// A linear map with a correction by one hidden layer.
///
///     f(x) = W x + w + V tanh(U x + u),   W (embedding × D), U (hidden × D), V (embedding ×
///     hidden)
///
/// D: the number of values of an example, which is flattened. Initial weights: see Network. Shapes:
/// (B × input…) to (B × embedding). Cost: O(B (D embedding + D hidden + hidden embedding)) time.
class MyArchitecture final : public Network {
 public:
  static void describe(Description<MyArchitecture>& is) {
    is.summary("a linear map with a correction by one hidden layer");
    is.source("yours: authors, title, venue, year; the section");
    is.cost("O(B (D embedding + D hidden + hidden embedding)) time");
    is.parameter("embedding", &MyArchitecture::embedding, "dimensions of the embedding")
        .at_least(1);
    is.parameter("hidden", &MyArchitecture::hidden, "units of the hidden layer").at_least(1);
    describe_common(is);  // "normalize"
  }

 protected:
  std::int64_t make_layers(const std::vector<std::int64_t>& input, Random& random) override {
    const std::int64_t D = dimension_of(input);
    map_ = linear("map", D, embedding, Before::other, true, random);
    hidden_ = linear("hidden", D, hidden, Before::other, true, random);
    correction_ = linear("correction", hidden, embedding, Before::other, false, random);
    return embedding;
  }

  at::Tensor embed(const at::Tensor& inputs, bool) override {
    const at::Tensor x = inputs.flatten(1);
    return map_(x).add(correction_(hidden_(x).tanh()));
  }

 private:
  std::int64_t embedding = 32;
  std::int64_t hidden = 64;
  Linear map_, hidden_, correction_;
};

METRICLAB_PLUGIN(MyArchitecture, "my_architecture");

}  // namespace
