// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/softmax_terms.hpp>
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// NT-Xent, the normalised temperature-scaled cross entropy, with labels.
///
///     term of a positive pair (i, p) = −log( e^{s(i, p)/τ} / (e^{s(i, p)/τ} + N_i) )
///     N_i = Σ over the negatives n of i of e^{s(i, n)/τ}
///     loss = mean of the terms over the positive pairs
///
/// s: the similarity (offset − distance), by default the cosine. An anchor's other positives are
/// not in the sum. An anchor without negatives has terms 0. Shapes: embeddings (B × d), labels (B).
/// Without positive pairs: 0, with zero gradient. Triplets given count as their different pairs.
/// Cost: O(B² d) time, O(B²) memory.
/// Differs from the paper: there each class is an image with two views, so that an anchor has one
/// positive; with two examples of each class this is Eq. 1, averaged over the 2N pairs.
class NtXent final : public TupleLoss {
 public:
  NtXent() : TupleLoss("cosine", true, "mean") {}
  static void describe(Description<NtXent>& is) {
    is.summary(
        "each positive pair is to be found among the anchor's negatives: a softmax over "
        "similarities");
    is.source(
        "Chen, Kornblith, Norouzi, Hinton. A simple framework for contrastive learning of visual "
        "representations. ICML 2020");
    is.source(
        "Sohn. Improved deep metric learning with multi-class N-pair loss objective. NIPS 2016 "
        "(the form with labels)");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("temperature", &NtXent::temperature,
                 "τ: the smaller, the more the nearest negatives count")
        .above(0);
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    return info_nce(distances(batch), batch, tuples, temperature, reducer->reduction());
  }
  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    return fused_info_nce(distances(batch), batch, tuples, temperature, reducer->reduction());
  }

 private:
  double temperature = 0.07;
};

METRICLAB_PLUGIN(NtXent, "ntxent");

}  // namespace
