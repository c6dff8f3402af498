// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/class_vectors.hpp>

namespace {

using namespace metriclab;

/// P2SGrad as a loss: the squared error of the cosines against one-hot targets.
///
///     term of an example of class y = 1/C Σ over all classes c of (cos θ_c − [c = y])²
///     loss = mean of the terms over the examples
///
/// θ_c: the angle between the embedding and the weight of class c. Its gradient with respect to the
/// cosines is that of the paper but for a factor (Eq. 12). Shapes: embeddings (B × d), labels (B)
/// below the number of classes; trained: weights (classes × d). An empty batch: 0. Cost: O(B C d)
/// time, O(B C) memory for C classes.
/// Differs from the paper: it states gradients, not a loss; this is the loss that has them (Wang,
/// Yamagishi. A comparative study on recent neural spoofing countermeasures. Interspeech 2021).
class P2sGrad final : public ClassVectorLoss {
 public:
  P2sGrad() : ClassVectorLoss("weights", "cosine", true, "mean") {}
  static void describe(Description<P2sGrad>& is) {
    is.summary("the squared error of the cosines to the classes against one-hot targets");
    is.source(
        "Zhang, Zhao, Yan et al. P2SGrad: refined gradients for optimizing deep face models. CVPR "
        "2019");
    is.cost("O(B C d) time, O(B C) memory for C classes");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    describe_reduction(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const at::Tensor cosine = cosines(batch);
    const at::Tensor errors = cosine.sub(one_hot(labels(batch), n_classes(), cosine)).square();
    return reduced_examples(errors.mean(1), batch, tuples);
  }
};

METRICLAB_PLUGIN(P2sGrad, "p2s_grad");

}  // namespace
