// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/outer_loss.hpp>
#include <metriclab/deep/proxies.hpp>

namespace {

using namespace metriclab;

/// Another loss, and beside it the cross-entropy of a trained linear classifier on the embeddings.
///
///     loss = the inner loss + weight · mean over the examples of −Σ_c q_c log softmax(W x + b)_c
///     q_c = 1 − ε (C − 1)/C for the example's class, ε/C for the others                    (Eq. 3)
///
/// ε: `label_smoothing`; C: the number of classes. Shapes: embeddings (B × d), labels (B) below C;
/// trained: weights (C × d), bias (C), and the inner loss's tensors under loss/… . An empty batch
/// adds 0. Tuples given are the inner loss's matter. Cost: that of the inner loss, and O(B C d)
/// time, O(B C) memory.
/// Differs from the paper: there a batch normalisation stands between the embeddings that the inner
/// loss sees and those that are classified and compared.
class WithClassifier final : public OuterLoss {
 public:
  static void describe(Description<WithClassifier>& is) {
    is.summary("a loss and the cross-entropy of a linear classifier on the same embeddings");
    is.source(
        "Luo, Gu, Liao, Lai, Jiang. Bag of tricks and a strong baseline for deep person "
        "re-identification. CVPR workshops 2019");
    is.cost("that of the loss, and O(B C d) time, O(B C) memory for C classes");
    is.parameter("loss", &WithClassifier::loss, "what compares the embeddings");
    is.parameter("weight", &WithClassifier::weight, "the factor of the cross-entropy").at_least(0);
    is.parameter("label_smoothing", &WithClassifier::label_smoothing,
                 "ε: what part of the target is spread over all classes")
        .at_least(0)
        .below(1);
  }

  void prepare(const LossSetting& setting) override {
    if (setting.n_classes < 1) throw Error("needs classes: the data has none");
    loss->prepare(setting);
    adopt("loss", *loss);
    Random random = setting.random.child("classifier");
    weights_ = parameter(
        "weights", normal_tensor({setting.n_classes, setting.embedding_size},
                                 1 / std::sqrt(setting.embedding_size), random, setting.type));
    bias_ = parameter("bias", at::zeros({setting.n_classes}, setting.type));
  }

  at::Tensor forward(const Batch& batch, const Tuples& tuples) override {
    METRICLAB_CHECK(weights_.defined(), "a loss that was not prepared");
    const at::Tensor inner = loss->forward(batch, tuples);
    const at::Tensor own = labels_below(batch, weights_.size(0), "a classifier's outputs");
    const at::Tensor log_p = at::log_softmax(batch.embeddings.matmul(weights_.t()).add(bias_), 1);
    const at::Tensor right = log_p.gather(1, own.unsqueeze(1)).sum();
    const double n = static_cast<double>(std::max<std::int64_t>(own.size(0), 1)),
                 spread = label_smoothing / static_cast<double>(weights_.size(0));
    return inner.sub(right.mul(1 - label_smoothing).add(log_p.sum(), spread), weight / n);
  }

  bool needs_labels() const override { return true; }

 protected:
  std::vector<Loss*> inner() const override { return {loss.get()}; }

 private:
  Plugin<Loss> loss = "triplet";
  double weight = 1;
  double label_smoothing = 0.1;
  at::Tensor weights_, bias_;
};

METRICLAB_PLUGIN(WithClassifier, "with_classifier");

}  // namespace
