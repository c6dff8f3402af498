// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/class_vectors.hpp>

namespace {

using namespace metriclab;

/// ProxyNCA++: the probability of an example's own proxy among all, with a temperature.
///
///     loss = mean over the examples of −log( e^{−d(x, p_y)/T} / Σ over all c of e^{−d(x, p_c)/T} )
///                                                                             (Eq. 5)
///
/// d: by default the squared Euclidean distance of normalised embeddings and proxies; T:
/// `temperature`. Shapes: embeddings (B × d), labels (B) below the number of classes; trained:
/// proxies (classes × d). An empty batch: 0. Cost: O(B C d) time, O(B C) memory for C classes.
/// Differs from the paper: its global max pooling, layer normalisation and faster proxies are
/// matters of the network and of `loss_learning_rate`.
class ProxyNcaPlusPlus final : public SoftmaxLoss {
 public:
  ProxyNcaPlusPlus() : SoftmaxLoss("proxies", "squared_euclidean", true, "mean") {}
  static void describe(Description<ProxyNcaPlusPlus>& is) {
    is.summary("the probability of the own proxy among all proxies, with a low temperature");
    is.source(
        "Teh, DeVries, Taylor. ProxyNCA++: revisiting and revitalizing proxy neighborhood "
        "component "
        "analysis. ECCV 2020");
    is.cost("O(B C d) time, O(B C) memory for C classes");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("temperature", &ProxyNcaPlusPlus::temperature,
                 "T: the smaller, the more the nearest proxies count")
        .above(0);
    describe_common(is);
  }

 protected:
  at::Tensor logits(const Batch& batch) override {
    return distances(batch.embeddings, weights()).div(-temperature);
  }

 private:
  double temperature = 1.0 / 9;  // section 4.1
};

METRICLAB_PLUGIN(ProxyNcaPlusPlus, "proxy_nca_plus_plus");

}  // namespace
