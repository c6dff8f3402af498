// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/arange.h>

#include <metriclab/deep/class_vectors.hpp>

namespace {

using namespace metriclab;

/// Proxy anchor loss: each class has a trained proxy, which is the anchor of the whole batch.
///
///     loss = 1/|P⁺| Σ over P⁺ of log(1 + Σ over its class's examples of e^{−α (s(x, p) − margin)})
///          + 1/|P|  Σ over P  of log(1 + Σ over the other examples of e^{α (s(x, p) + margin)})
///                                                                             (Eq. 4)
///
/// P: all the proxies; P⁺: those with examples in the batch; s: the similarity, by default the
/// cosine. Both sums go through the reducer, whose default divides by those numbers; class weights
/// are those of the proxy. Shapes: embeddings (B × d), labels (B) below the number of classes;
/// trained: proxies (classes × d), at first normal (He's initialisation). An empty batch: 0, with
/// zero gradient. A reference set has no part in this loss. Tuples given weigh the examples: to
/// each exponent w − 1 is added, w being how often the example is in the tuples, measured by the
/// most frequent one (0 for one that is not in them). Cost: O(B C d) time, O(B C) memory for C
/// classes.
class ProxyAnchor final : public ClassVectorLoss {
 public:
  ProxyAnchor() : ClassVectorLoss("proxies", "cosine", true, "divisor") {}
  static void describe(Description<ProxyAnchor>& is) {
    is.summary(
        "each class's trained proxy draws its examples and pushes the others, the harder the more");
    is.source("Kim, Kim, Cho, Kwak. Proxy anchor loss for deep metric learning. CVPR 2020");
    is.cost("O(B C d) time, O(B C) memory for C classes");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter(
        "margin", &ProxyAnchor::margin,
        "δ of the paper: how much more similar than 0 an example is to be, and the others less");
    is.parameter("alpha", &ProxyAnchor::alpha, "how sharply the hardest examples are picked out")
        .above(0);
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const at::Tensor is_own = one_hot(labels(batch), n_classes(), batch.embeddings).t();
    // s = offset − d; α (s − margin) and α (s + margin), with the tuples' weight in them.
    const at::Tensor
        s = distances(weights(), batch.embeddings).neg().add(distance->similarity_offset()),
        shift = example_weights(batch, tuples).sub(1).unsqueeze(0);
    const at::Tensor near = log_sum_exp(s.sub(margin).mul(-alpha).add(shift), is_own, true),
                     far = log_sum_exp(s.add(margin).mul(alpha).add(shift), is_own.neg().add(1),
                                       true);
    const at::Tensor classes = at::arange(n_classes(), at::kLong);
    const at::Tensor is_there = is_own.sum(1).gt(0).to(s.scalar_type());
    const at::Tensor all =
        batch.embeddings.size(0) > 0 ? is_there.detach().new_ones({n_classes()}) : is_there;
    const Reduction reduction = reducer->reduction();
    return reduced(near, is_there, classes, reduction, is_there.sum())
        .add(reduced(far, all, classes, reduction, all.sum()));
  }

 private:
  double margin = 0.1;
  double alpha = 32;
};

METRICLAB_PLUGIN(ProxyAnchor, "proxy_anchor");

}  // namespace
