#include <cmath>
#include <metriclab/deep/architecture.hpp>

namespace {

using namespace metriclab;

/// A linear map with a correction by one hidden layer.
///
///     f(x) = W x + V tanh(U x + u),   W (embedding × D), U (hidden × D), V (embedding × hidden)
///
/// D: the number of values of an example, which is flattened. W, U ~ uniform within ±√(3/D), so
/// that inputs of unit variance give outputs of unit variance; V and u start at 0: the network
/// starts as a random linear map. Shapes: (B × input…) to (B × embedding). Cost: O(B D (embedding +
/// hidden)).
class MyArchitecture final : public Architecture {
 public:
  static void describe(Description<MyArchitecture>& is) {
    is.summary("a linear map with a correction by one hidden layer");
    is.source("yours: authors, title, venue, year; the section");
    is.cost("O(B D (embedding + hidden)) time");
    is.parameter("embedding", &MyArchitecture::embedding, "dimensions of the embedding")
        .at_least(1);
    is.parameter("hidden", &MyArchitecture::hidden, "units of the hidden layer").at_least(1);
  }

  void build(const std::vector<std::int64_t>& input, Random& random) override {
    std::int64_t D = 1;
    for (const std::int64_t size : input) D *= size;
    const double bound = std::sqrt(3.0 / static_cast<double>(D));
    W_ = parameter("W", uniform_tensor({D, embedding}, -bound, bound, random));
    U_ = parameter("U", uniform_tensor({D, hidden}, -bound, bound, random));
    u_ = parameter("u", uniform_tensor({hidden}, 0, 0, random));
    V_ = parameter("V", uniform_tensor({hidden, embedding}, 0, 0, random));
  }

  at::Tensor forward(const at::Tensor& inputs, bool) override {
    const at::Tensor x = inputs.flatten(1);
    return x.matmul(W_).add(x.matmul(U_).add(u_).tanh().matmul(V_));
  }

  std::int64_t embedding_size() const override { return embedding; }

 private:
  at::Tensor W_, U_, u_, V_;  // transposed: a row of inputs is multiplied from the right

  std::int64_t embedding = 32;
  std::int64_t hidden = 64;
};

METRICLAB_PLUGIN(MyArchitecture, "my_architecture");

}  // namespace
