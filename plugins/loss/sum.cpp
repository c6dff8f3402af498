// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <metriclab/deep/outer_loss.hpp>
#include <vector>

namespace {

using namespace metriclab;

/// Several losses added up.
///
///     loss = Σ over k of w_k · loss_k
///
/// Without `weights` each is 1. Each loss sees the batch and the tuples as they are; its trained
/// tensors are "loss_0/…", "loss_1/…" in the order of the list. What evaluators compare by is what
/// the first loss learns. Cost: that of the losses.
class Sum final : public OuterLoss {
 public:
  static void describe(Description<Sum>& is) {
    is.summary("several losses added up, each with a weight");
    is.source("common practice");
    is.cost("that of the losses");
    is.parameter("losses", &Sum::losses, "what is added up").required();
    is.parameter("weights", &Sum::weights, "one for each loss; empty: 1 for each");
  }

  void prepare(const LossSetting& setting) override {
    if (losses.empty()) throw Error("an empty list; give one loss or more").in("losses");
    if (!weights.empty() && weights.size() != losses.size())
      throw Error(fmt::format("{} weights for {} losses; give none, or one for each",
                              weights.size(), losses.size()))
          .in("weights");
    for (std::size_t k = 0; k < losses.size(); ++k) {
      LossSetting own = setting;
      own.random = setting.random.child(k);
      losses[k]->prepare(own);
      adopt(fmt::format("loss_{}", k), *losses[k]);
    }
  }

  at::Tensor forward(const Batch& batch, const Tuples& tuples) override {
    at::Tensor sum;
    for (std::size_t k = 0; k < losses.size(); ++k) {
      const at::Tensor one =
          losses[k]->forward(batch, tuples).mul(weights.empty() ? 1 : weights[k]);
      sum = sum.defined() ? sum.add(one) : one;
    }
    return sum;
  }

 protected:
  std::vector<Loss*> inner() const override {
    std::vector<Loss*> all;
    for (const Plugin<Loss>& loss : losses) all.push_back(loss.get());
    return all;
  }

 private:
  std::vector<Plugin<Loss>> losses;
  std::vector<double> weights;
};

METRICLAB_PLUGIN(Sum, "sum");

}  // namespace
