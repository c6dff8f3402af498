// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/softmax.h>

#include <metriclab/deep/class_vectors.hpp>
#include <metriclab/deep/row_math.hpp>
#include <span>
#include <vector>

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
class SoftTriple final : public SoftmaxLoss {
 public:
  SoftTriple() : SoftmaxLoss("centers", "cosine", true, "mean") {}
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

  at::Tensor logits(const Batch& batch) override {
    const at::Tensor all = distances(batch.embeddings, weights());
    const at::Tensor each = all.view({all.size(0), n_classes(), centers_per_class});
    return with_margin(at::softmax(each.div(-gamma), 2).mul(each).sum(2), batch);
  }
  at::Tensor fused_logits(const Batch& batch) override {
    return with_margin(class_distances(distances(batch.embeddings, weights())), batch);
  }

 private:
  /// The logits, from the distances to the classes: the offset less S_c.
  at::Tensor with_margin(const at::Tensor& classes, const Batch& batch) const {
    return with_own(classes, batch, own(classes, batch).add(margin)).mul(-lambda);
  }

  at::Tensor class_distances(const at::Tensor& each) const {
    const at::Tensor here = each.detach().contiguous();
    at::Tensor classes = here.new_empty({here.size(0), n_classes()}),
               slopes = empty_like_values(here);
    by_type(here, [&]<class T>(T) {
      const auto n = static_cast<std::size_t>(here.numel());
      softmax_means(std::span<const T>(here.data_ptr<T>(), n), centers_per_class,
                    static_cast<T>(-1 / gamma),
                    std::span<T>(classes.data_ptr<T>(), n / centers_per_class),
                    std::span<T>(slopes.data_ptr<T>(), n));
    });
    return with_backward(classes, {each}, [slopes, k = centers_per_class](const at::Tensor& outer) {
      const at::Tensor by_class = slopes.view({outer.size(0), outer.size(1), k});
      return std::vector<at::Tensor>{by_class.mul(outer.unsqueeze(2)).view(slopes.sizes())};
    });
  }

  std::int64_t centers_per_class = 10;
  double lambda = 20;
  double gamma = 0.1;
  double margin = 0.01;
};

METRICLAB_PLUGIN(SoftTriple, "soft_triple");

}  // namespace
