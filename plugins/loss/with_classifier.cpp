// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/addmm.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/outer_loss.hpp>
#include <metriclab/deep/proxies.hpp>

namespace {

using namespace metriclab;

/// A loss, and beside it a linear classifier on the embeddings.
///
///     loss = inner loss + weight · mean over the examples of −log softmax(W x + b)_y
///
/// With `smoothing` ε the target is 1 − ε at the class and ε/C everywhere. The classifier only
/// helps to train the embeddings, and is left behind. Tuples given are for the inner loss. Shapes:
/// embeddings (B × d), labels (B) below the number of classes C; trained: classifier_weights (C ×
/// d), classifier_bias (C). An empty batch: the inner loss. Cost: that of the inner loss, and O(B C
/// d) time, O(B C) memory.
class WithClassifier final : public OuterLoss {
 public:
  static void describe(Description<WithClassifier>& is) {
    is.summary("another loss, and the cross-entropy of a linear classifier on the embeddings");
    is.source(
        "Luo, Gu, Liao, Lai, Jiang. Bag of tricks and a strong baseline for deep person "
        "re-identification. CVPR workshops 2019");
    is.cost("that of the other loss, and O(B C d) time, O(B C) memory for C classes");
    is.parameter("loss", &WithClassifier::loss, "the loss beside it").required();
    is.parameter("weight", &WithClassifier::weight, "the factor of the cross-entropy").at_least(0);
    is.parameter("smoothing", &WithClassifier::smoothing,
                 "ε: how much of the target is spread over all classes")
        .at_least(0)
        .below(1);
  }

  void prepare(const LossSetting& setting) override {
    if (setting.n_classes < 1) throw Error("needs classes: the data has none");
    loss->prepare(setting);
    adopt("loss", *loss);
    Random random = setting.random.child("classifier");
    // Glorot, Bengio. AISTATS 2010.
    const double bound =
        std::sqrt(6 / static_cast<double>(setting.n_classes + setting.embedding_size));
    weights_ =
        parameter("classifier_weights", uniform_tensor({setting.n_classes, setting.embedding_size},
                                                       -bound, bound, random, setting.type));
    bias_ = parameter("classifier_bias", at::zeros({setting.n_classes}, setting.type));
  }

  at::Tensor forward(const Batch& batch, const Tuples& tuples) override {
    METRICLAB_CHECK(weights_.defined(), "a loss that was not prepared");
    const at::Tensor inner = loss->forward(batch, tuples);
    if (batch.embeddings.size(0) == 0) return inner;
    const at::Tensor shares = at::log_softmax(at::addmm(bias_, batch.embeddings, weights_.t()), 1);
    const at::Tensor labels = labels_below(batch, weights_.size(0), "rows of the classifier");
    at::Tensor entropy = shares.gather(1, labels.unsqueeze(1)).mean().mul(smoothing - 1);
    if (smoothing > 0) entropy = entropy.sub(shares.mean(), smoothing);
    return inner.add(entropy, weight);
  }

  bool needs_labels() const override { return true; }  // the classifier does

 protected:
  std::vector<Loss*> inner() const override { return {loss.get()}; }

 private:
  Plugin<Loss> loss;
  double weight = 1;
  double smoothing = 0;
  at::Tensor weights_, bias_;
};

METRICLAB_PLUGIN(WithClassifier, "with_classifier");

}  // namespace
