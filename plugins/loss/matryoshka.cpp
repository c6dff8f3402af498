// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <metriclab/deep/outer_loss.hpp>
#include <vector>

namespace {

using namespace metriclab;

/// Matryoshka representation learning: another loss on the leading dimensions as well, so that
/// embeddings may be cut short.
///
///     loss = Σ over the sizes m of w_m · inner loss of the first m dimensions     (Eq. 1)
///
/// One inner loss for each size, with trained tensors of its own ("loss_8/proxies"): `losses` has
/// one for each of `sizes`, or one alone that stands for all, which is possible where it has no
/// trained tensors. Sizes ascend; the last is usually the embedding's own. Without `weights` each
/// is 1. With a reference set that is cut as well. Cost: that of the inner losses.
class Matryoshka final : public OuterLoss {
 public:
  static void describe(Description<Matryoshka>& is) {
    is.summary("another loss on the leading dimensions as well, so that embeddings may be cut");
    is.source("Kusupati, Bhatt, Rege et al. Matryoshka representation learning. NeurIPS 2022");
    is.cost("that of the other loss, once for each size");
    is.parameter("losses", &Matryoshka::losses,
                 "one loss for each size, or one for all that has no trained tensors")
        .required();
    is.parameter("sizes", &Matryoshka::sizes, "how many leading dimensions, ascending")
        .required()
        .at_least(1);
    is.parameter("weights", &Matryoshka::weights, "one for each size; empty: 1 for each")
        .at_least(0);
  }

  void prepare(const LossSetting& setting) override {
    if (sizes.empty()) throw Error("an empty list; give one size or more").in("sizes");
    if (losses.size() != 1 && losses.size() != sizes.size())
      throw Error(fmt::format("{} losses for {} sizes; give one, or one for each", losses.size(),
                              sizes.size()))
          .in("losses");
    if (!weights.empty() && weights.size() != sizes.size())
      throw Error(fmt::format("{} weights for {} sizes; give none, or one for each", weights.size(),
                              sizes.size()))
          .in("weights");
    embedding_size_ = setting.embedding_size;
    for (std::size_t k = 0; k < sizes.size(); ++k) {
      if (sizes[k] > setting.embedding_size || (k > 0 && sizes[k] <= sizes[k - 1]))
        throw Error(fmt::format("{} is no size above the one before and at most the embedding's {}",
                                sizes[k], setting.embedding_size))
            .in("sizes");
      if (k >= losses.size()) continue;
      LossSetting part = setting;
      part.embedding_size = sizes[k];
      part.random = setting.random.child(static_cast<std::uint64_t>(sizes[k]));
      losses[k]->prepare(part);
      if (losses.size() != sizes.size() &&
          !(losses[k]->parameters().empty() && losses[k]->buffers().empty()))
        throw Error("has trained tensors, which one size alone could have; give one for each size")
            .in("losses");
      adopt(fmt::format("loss_{}", sizes[k]), *losses[k]);
    }
  }

  at::Tensor forward(const Batch& batch, const Tuples& tuples) override {
    at::Tensor sum;
    for (std::size_t k = 0; k < sizes.size(); ++k) {
      Batch part = batch;
      part.embeddings = batch.embeddings.narrow(1, 0, sizes[k]);
      if (batch.has_reference()) part.reference = batch.reference.narrow(1, 0, sizes[k]);
      Tuples chosen = tuples;
      if (tuples.reference.defined()) chosen.reference = tuples.reference.narrow(1, 0, sizes[k]);
      const at::Tensor one =
          losses[losses.size() == 1 ? 0 : k]->forward(part, chosen).mul(weight_of(k));
      sum = sum.defined() ? sum.add(one) : one;
    }
    return sum;
  }

  // The last size is the one that evaluators see most of.
  Distance learned_distance() const override { return losses.back()->learned_distance(); }
  at::Tensor learned_scale() const override {
    const at::Tensor scale = losses.back()->learned_scale();
    return sizes.back() == embedding_size_ ? scale : at::Tensor();
  }

 protected:
  std::vector<Loss*> inner() const override {
    std::vector<Loss*> all;
    for (const Plugin<Loss>& loss : losses) all.push_back(loss.get());
    return all;
  }
  Snapshot seen_by(std::size_t k, const Snapshot& snapshot) const override {
    Snapshot part = snapshot;
    part.embeddings = snapshot.embeddings.narrow(1, 0, sizes[k]);
    return part;
  }

 private:
  double weight_of(std::size_t k) const { return weights.empty() ? 1 : weights[k]; }

  std::vector<Plugin<Loss>> losses;
  std::vector<std::int64_t> sizes;
  std::vector<double> weights;
  std::int64_t embedding_size_ = 0;
};

METRICLAB_PLUGIN(Matryoshka, "matryoshka");

}  // namespace
