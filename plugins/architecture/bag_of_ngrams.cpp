// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/arange.h>
#include <ATen/ops/embedding_bag.h>
#include <ATen/ops/relu.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/ids.hpp>
#include <metriclab/deep/network.hpp>
#include <optional>

namespace {

using namespace metriclab;

/// The mean of the trained vectors of a text's tokens (words and n-grams), as in fastText.
///
///     x = mean over the tokens t ≠ 0 of v_t
///     embedding = x, or W_h ReLU(… ReLU(W_1 x + b_1) …) + b_h with `hidden`
///
/// Tokens are ids in 0 … size; 0 is padding and has no part in the mean; of a text without tokens
/// the mean is 0. In training with `dropout` the mean runs over the tokens left. Vectors start as
/// independent normals of mean 0 and variance 1 / (their dimensions), so that their length is about
/// 1. Shapes: (B × L) to (B × embedding). Parameters: (size + 1) · vector, with layers theirs.
/// Cost: O(B L vector) time, and O(size · vector) for the step of the optimiser, whose gradient is
/// dense. Differs from fastText: its vectors start uniform in ±1 / dimensions, and those of a
/// word's n-grams are not summed up to one of the word.
class BagOfNgrams final : public Network {
 public:
  static void describe(Description<BagOfNgrams>& is) {
    is.summary("the mean of trained vectors of words and n-grams, as in fastText, for token ids");
    is.source(
        "Joulin, Grave, Bojanowski, Mikolov. Bag of tricks for efficient text classification. EACL "
        "2017");
    is.source(
        "Bojanowski, Grave, Joulin, Mikolov. Enriching word vectors with subword information. TACL "
        "2017");
    is.source(
        "Iyyer, Manjunatha, Boyd-Graber, Daume. Deep unordered composition rivals syntactic "
        "methods for text classification. ACL 2015 (`hidden`, `dropout`)");
    is.cost("O(B L vector) time, and O(size · vector) for a step");
    is.parameter("size", &BagOfNgrams::size,
                 "the largest token id; of the data sets of texts `max_features` + `buckets`")
        .at_least(1)
        .at_most(static_cast<double>(kLargestId));
    is.parameter("embedding", &BagOfNgrams::embedding, "dimensions of the embedding").at_least(1);
    is.parameter("vector", &BagOfNgrams::vector,
                 "dimensions of the tokens' vectors, after whose mean a linear layer follows; "
                 "null: those of the embedding, which without `hidden` is the mean itself")
        .at_least(1);
    is.parameter("hidden", &BagOfNgrams::hidden, "units of each layer with ReLU after the mean")
        .at_least(1);
    is.parameter("dropout", &BagOfNgrams::dropout, "probability that a token is left out of a step")
        .at_least(0)
        .below(1);
    describe_common(is);
  }

  void draw_from(const Random& random) override { random_ = random; }

  bool takes_ids() const override { return true; }

 protected:
  std::int64_t make_layers(const std::vector<std::int64_t>& input, Random& random) override {
    if (input.size() != 1)
      throw Error(fmt::format("bag_of_ngrams takes token ids, (length); these are of shape ({})",
                              fmt::join(input, ", ")));
    const std::int64_t d = vector.value_or(embedding);
    at::Tensor initial =
        normal_tensor({size + 1, d}, 1 / std::sqrt(static_cast<double>(d)), random);
    initial.select(0, 0).zero_();
    table_ = parameter("table", initial);
    layers_.clear();
    std::int64_t in = d;
    for (std::size_t i = 0; i < hidden.size(); ++i) {
      layers_.push_back(
          linear("hidden" + std::to_string(i + 1), in, hidden[i], Before::relu, true, random));
      in = hidden[i];
    }
    if (vector || !hidden.empty())
      layers_.push_back(linear("embedding", in, embedding, Before::other, true, random));
    return embedding;
  }

  at::Tensor embed(const at::Tensor& inputs, bool training) override {
    at::Tensor ids = checked_ids(inputs, size, 0, "token id");
    if (training && dropout > 0) ids = left_of(ids);
    constexpr std::int64_t kMean = 1;
    at::Tensor x = std::get<0>(at::embedding_bag(
        table_, ids.flatten(), at::arange(0, ids.numel(), ids.size(1), ids.options()), false, kMean,
        false, {}, false, 0));
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      x = layers_[i](x);
      if (i + 1 < layers_.size()) x = at::relu(x);
    }
    return x;
  }

 private:
  /// Padding in the place of those left out.
  at::Tensor left_of(const at::Tensor& ids) {
    if (!random_) throw Error("a network with dropout is trained without a stream to draw from");
    const at::Tensor drawn = uniform_tensor(ids.sizes(), 0, 1, *random_);
    return ids.mul(drawn.ge(dropout).to(ids.options()));
  }

  std::int64_t size = 25000;
  std::int64_t embedding = 64;
  std::optional<std::int64_t> vector;
  std::vector<std::int64_t> hidden;
  double dropout = 0;
  at::Tensor table_;  // (size + 1 × vector)
  std::vector<Linear> layers_;
  std::optional<Random> random_;
};

METRICLAB_PLUGIN(BagOfNgrams, "bag_of_ngrams");

}  // namespace
