// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/class_vectors.hpp>

namespace {

using namespace metriclab;

/// Normalised softmax: a softmax classifier without bias whose weights have length 1.
///
///     term of an example of class y = −log( e^{s(x, w_y)/τ} / Σ over all c of e^{s(x, w_c)/τ} )
///     loss = mean of the terms over the examples                              (Eq. 3)
///
/// s: the similarity, by default the inner product of normalised embeddings and weights, which is
/// the cosine; weights are normalised even where embeddings are not. Shapes: embeddings (B × d),
/// labels (B) below the number of classes; trained: weights (classes × d). An empty batch: 0.
/// Cost: O(B C d) time, O(B C) memory for C classes.
/// Differs from the paper: nothing; it layer-normalises embeddings in the network.
class NormalizedSoftmax final : public SoftmaxLoss {
 public:
  NormalizedSoftmax() : SoftmaxLoss("weights", "dot", true, "mean") {}
  static void describe(Description<NormalizedSoftmax>& is) {
    is.summary("a softmax classifier whose weights have length 1, with a temperature");
    is.source("Zhai, Wu. Classification is a strong baseline for deep metric learning. BMVC 2019");
    is.cost("O(B C d) time, O(B C) memory for C classes");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("temperature", &NormalizedSoftmax::temperature,
                 "τ (σ of the paper): the smaller, the more the nearest other classes count")
        .above(0);
    describe_common(is);
  }

 protected:
  at::Tensor logits(const Batch& batch) override {
    return distances(batch.embeddings, normalized_rows(weights())).div(-temperature);
  }

 private:
  double temperature = 0.05;
};

METRICLAB_PLUGIN(NormalizedSoftmax, "normalized_softmax");

}  // namespace
