// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/softmax.h>

#include <metriclab/deep/class_vectors.hpp>

namespace {

using namespace metriclab;

/// SoftTriple: a softmax over classes with several centres each.
///
///     S_c = Σ over the centres k of class c of q_k s(x, w_ck),  q = softmax over k of s(x, w_ck)/γ
///                                                                             (Eq. 6)
///     loss = mean over the examples of −log( e^{λ T} / (e^{λ T} + Σ over c ≠ y of e^{λ S_c}) )
///     T = S_y − δ                                                             (Eq. 7)
///
/// s: the similarity, by default the cosine; δ: `margin`. Shapes: embeddings (B × d), labels (B)
/// below the number of classes; trained: centers (classes·centers_per_class × d), those of a class
/// together. An empty batch: 0. The paper's penalty, which lets centres merge, is the regularizer
/// "sparse_centers". Cost: O(B C K d) time, O(B C K) memory for C classes with K centres.
class SoftTriple final : public ClassVectorLoss {
 public:
  SoftTriple() : ClassVectorLoss("centers", "cosine", true, "mean") {}
  static void describe(Description<SoftTriple>& is) {
    is.summary("a softmax over classes that have several centres each");
    is.source(
        "Qian, Shang, Sun, Hu, Li, Jin. SoftTriple loss: deep metric learning without triplet "
        "sampling. ICCV 2019");
    is.cost("O(B C K d) time, O(B C K) memory for C classes with K centres");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("centers_per_class", &SoftTriple::centers_per_class, "K: the centres of a class")
        .at_least(1);
    is.parameter("lambda", &SoftTriple::lambda, "λ: the inverse of a temperature").above(0);
    is.parameter("gamma", &SoftTriple::gamma,
                 "γ: the smaller, the more only the nearest centre of a class counts")
        .above(0);
    is.parameter("margin", &SoftTriple::margin, "δ: by what the own class's similarity is lowered")
        .at_least(0);
    describe_common(is);
  }

 protected:
  std::int64_t vectors_per_class() const override { return centers_per_class; }

  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const at::Tensor all = similarities(batch);
    const at::Tensor each = all.view({all.size(0), n_classes(), centers_per_class});
    const at::Tensor classes = at::softmax(each.div(gamma), 2).mul(each).sum(2);
    const at::Tensor lowered = own(classes, batch).sub(margin);
    return cross_entropy(with_own(classes, batch, lowered).mul(lambda), batch, tuples);
  }

 private:
  std::int64_t centers_per_class = 10;
  double lambda = 20;
  double gamma = 0.1;
  double margin = 0.01;
};

METRICLAB_PLUGIN(SoftTriple, "soft_triple");

}  // namespace
