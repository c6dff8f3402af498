// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/class_vectors.hpp>

namespace {

using namespace metriclab;

/// Proxy-NCA: each class has a trained proxy, which stands for its examples in the NCA loss.
///
///     loss = mean over the examples of −log( e^{−α d(x, p_y)} / Σ over Z of e^{−α d(x, p_z)} )
///                                                                             (Eq. 4)
///
/// Z: the proxies of the other classes, or with `own_in_denominator` all of them; d: by default the
/// squared Euclidean distance of normalised embeddings and proxies; α: `softmax_scale`. With one
/// class only and not `own_in_denominator`, Z is empty and the loss 0. Shapes: embeddings (B × d),
/// labels (B) below the number of classes; trained: proxies (classes × d). An empty batch: 0.
/// Cost: O(B C d) time, O(B C) memory for C classes.
/// Differs from the paper: nothing with the defaults (the scale is 1 there).
class ProxyNca final : public ClassVectorLoss {
 public:
  ProxyNca() : ClassVectorLoss("proxies", "squared_euclidean", true, "mean") {}
  static void describe(Description<ProxyNca>& is) {
    is.summary("NCA in which trained proxies stand for the classes");
    is.source(
        "Movshovitz-Attias, Toshev, Leung, Ioffe, Singh. No fuss distance metric learning using "
        "proxies. ICCV 2017");
    is.cost("O(B C d) time, O(B C) memory for C classes");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("softmax_scale", &ProxyNca::softmax_scale, "α: a factor of the distances")
        .above(0);
    is.parameter("own_in_denominator", &ProxyNca::own_in_denominator,
                 "the own proxy is one of those in the denominator, which makes it a softmax");
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const at::Tensor logits = similarities(batch).mul(softmax_scale);
    const std::int64_t n_in_denominator = n_classes() - (own_in_denominator ? 0 : 1);
    if (n_in_denominator == 0) return logits.sum().mul(0);
    at::Tensor counts = logits.detach().new_ones({logits.size(0), n_classes()});
    if (!own_in_denominator) counts.scatter_(1, labels(batch).unsqueeze(1), 0);
    return reduced_examples(log_sum_exp(logits, counts, false).sub(own(logits, batch)), batch,
                            tuples);
  }

 private:
  double softmax_scale = 1;
  bool own_in_denominator = false;
};

METRICLAB_PLUGIN(ProxyNca, "proxy_nca");

}  // namespace
