// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <metriclab/deep/outer_loss.hpp>

namespace {

using namespace metriclab;

/// A weighted sum of losses.
///
///     loss = Σ_k weights_k · losses_k
///
/// All see the same batch and the same tuples. Their tensors stand under loss_0/…, loss_1/… . What
/// evaluators compare by is what the first one learns. Cost: that of the losses together.
class Sum final : public OuterLoss {
 public:
  static void describe(Description<Sum>& is) {
    is.summary("several losses at once, each with its weight");
    is.source(
        "Wen, Zhang, Li, Qiao. A discriminative feature learning approach for deep face "
        "recognition. ECCV 2016 (Eq. 5: a softmax loss and the weighted center loss)");
    is.cost("that of the losses together");
    is.parameter("losses", &Sum::losses, "what is added up").required();
    is.parameter("weights", &Sum::weights, "one for each loss; none: each counts once").at_least(0);
  }

  void prepare(const LossSetting& setting) override {
    if (losses.empty()) throw Error("an empty list; give one loss or more").in("losses");
    if (weights.empty()) weights.assign(losses.size(), 1);
    if (weights.size() != losses.size())
      throw Error(fmt::format("{} weights for {} losses; give one for each, or none",
                              weights.size(), losses.size()))
          .in("weights");
    for (std::size_t k = 0; k < losses.size(); ++k) {
      const std::string name = fmt::format("loss_{}", k);
      LossSetting own = setting;
      own.random = setting.random.child(name);
      losses[k]->prepare(own);
      adopt(name, *losses[k]);
    }
  }

  at::Tensor forward(const Batch& batch, const Tuples& tuples) override {
    METRICLAB_CHECK(weights.size() == losses.size(), "a loss that was not prepared");
    at::Tensor sum;
    for (std::size_t k = 0; k < losses.size(); ++k) {
      const at::Tensor term = losses[k]->forward(batch, tuples).mul(weights[k]);
      sum = sum.defined() ? sum.add(term) : term;
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
