// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/class_vectors.hpp>

namespace {

using namespace metriclab;

/// Proxies in the Poincaré ball: a softmax over hyperbolic distances.
///
///     loss = mean over the examples of −log( e^{−d(x, p_y)/τ} / Σ over all c of e^{−d(x, p_c)/τ} )
///
/// d: by default "poincare", which maps embeddings and proxies, tangent vectors at the origin, into
/// the ball; τ: `temperature`. Shapes: embeddings (B × d), labels (B) below the number of classes;
/// trained: proxies (classes × d). An empty batch: 0. Cost: O(B C d) time, O(B C) memory for C
/// classes.
/// A model trained by it gives embeddings in the ball, and evaluators compare them there. Vectors
/// longer than 1 are shortened to that before the map (distance "poincare").
/// Differs from the papers: the first has prototypes (means of support examples) in the place of
/// trained proxies, the second other examples of the batch.
class HyperbolicProxies final : public SoftmaxLoss {
 public:
  HyperbolicProxies() : SoftmaxLoss("proxies", "poincare", false, "mean") {}
  static void describe(Description<HyperbolicProxies>& is) {
    is.summary("a softmax over hyperbolic distances to trained proxies in the Poincaré ball");
    is.source(
        "Khrulkov, Mirvakhabova, Ustinova, Oseledets, Lempitsky. Hyperbolic image embeddings. CVPR "
        "2020");
    is.source(
        "Ermolov, Mirvakhabova, Khrulkov, Sebe, Oseledets. Hyperbolic vision transformers: "
        "combining improvements in metric learning. CVPR 2022 (the temperature)");
    is.cost("O(B C d) time, O(B C) memory for C classes");
    is.property("invariant_to_rotation");
    is.parameter("temperature", &HyperbolicProxies::temperature,
                 "τ: the smaller, the more the nearest proxies count")
        .above(0);
    describe_common(is);
  }

 protected:
  at::Tensor logits(const Batch& batch) override {
    return distances(batch.embeddings, weights()).div(-temperature);
  }

 private:
  double temperature = 0.2;
};

METRICLAB_PLUGIN(HyperbolicProxies, "hyperbolic_proxies");

}  // namespace
