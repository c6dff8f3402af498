// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/embedding.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/ids.hpp>
#include <metriclab/deep/network.hpp>
#include <optional>

namespace {

using namespace metriclab;

/// A trained vector for each id: of users and items, of words. Ids without a training example keep
/// the vector that they start with.
///
/// Ids are integers in 0 … size − 1. Vectors start as independent normals of mean 0 and variance 1
/// / embedding, so that their length is about 1. With `max_norm` a vector that is longer is scaled
/// down to it where it is used: in training in the table itself, which so makes a step of the
/// optimiser one of projected descent, and otherwise in what is given out. Shapes: (B × 1) to (B ×
/// embedding). Parameters: size · embedding. Cost: O(B embedding) time, and O(size · embedding) for
/// the step of the optimiser, whose gradient is dense.
class Lookup final : public Network {
 public:
  static void describe(Description<Lookup>& is) {
    is.summary("a table with a trained vector for each id, such as of users and items");
    is.source(
        "Koren, Bell, Volinsky. Matrix factorization techniques for recommender systems. IEEE "
        "Computer 2009");
    is.source(
        "Hsieh, Yang, Cui, Lin, Belongie, Estrin. Collaborative metric learning. WWW 2017 "
        "(`max_norm` 1)");
    is.cost("O(B embedding) time, and O(size · embedding) for a step");
    is.parameter("size", &Lookup::size, "how many ids there are: they go from 0 to one less")
        .at_least(1)
        .at_most(static_cast<double>(kLargestId));
    is.parameter("embedding", &Lookup::embedding, "dimensions of the embedding").at_least(1);
    is.parameter("max_norm", &Lookup::max_norm,
                 "vectors are projected to the ball of this radius; null: they are not")
        .above(0);
    describe_common(is);
  }

  bool takes_ids() const override { return true; }

 protected:
  std::int64_t make_layers(const std::vector<std::int64_t>& input, Random& random) override {
    if (input != std::vector<std::int64_t>{1})
      throw Error(
          fmt::format("lookup takes one id, (1); these are of shape ({})", fmt::join(input, ", ")));
    table_ = parameter(
        "table",
        normal_tensor({size, embedding}, 1 / std::sqrt(static_cast<double>(embedding)), random));
    return embedding;
  }

  at::Tensor embed(const at::Tensor& inputs, bool training) override {
    const at::Tensor ids = checked_ids(inputs, size - 1, 1, "id").flatten();
    if (max_norm && training) {
      const WithoutAutograd off;
      at::Tensor table = table_.detach();  // the same memory
      table.index_copy_(0, ids, projected(table.index_select(0, ids)));
    }
    const at::Tensor rows = at::embedding(table_, ids);
    return max_norm && !training ? projected(rows) : rows;
  }

 private:
  at::Tensor projected(const at::Tensor& rows) const {
    // Lengths of at most max_norm are divided by 1, to the bit.
    return rows.div(rows.norm(2, {1}, true).div(*max_norm).clamp_min(1));
  }

  std::int64_t size = 10000;
  std::int64_t embedding = 64;
  std::optional<double> max_norm;
  at::Tensor table_;  // (size × embedding)
};

METRICLAB_PLUGIN(Lookup, "lookup");

}  // namespace
