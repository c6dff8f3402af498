// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/hypersphere_loss.hpp>

namespace {

using namespace metriclab;

/// Deep semi-supervised anomaly detection: what is normal lies near a centre, known anomalies far.
///
///     loss = (1/B) ( Σ over the unlabelled of d²(x) + η Σ over those known as normal of d²(x)
///                    + η Σ over those known as anomalous of 1 / (d²(x) + ε) )              (Eq. 7)
///
/// d(x) = ‖x − c‖, c the centre (see HypersphereLoss), of all that are not known as anomalous.
/// Examples of the labels `anomalous` and `normal` are known to be so, and those of all other
/// labels are taken as unlabelled, normal for the most part. ε: 10⁻⁶. Shapes: embeddings (B × d),
/// labels (B). An empty batch: 0. Tuples have no part in it. Cost: O(B d) time and memory. How
/// anomalous an example is, d says. Evaluators compare embeddings with each other, and know nothing
/// of c: for them the mean of the normal training examples stands in its place
/// ("nearest_class_mean").
/// Differs from the paper: weight decay is the optimiser's; c is that of the first epoch without a
/// pretrained autoencoder, unless the network begins as one; ε is from its authors' program.
class DeepSad final : public HypersphereLoss {
 public:
  static void describe(Description<DeepSad>& is) {
    is.summary("draws what is normal to a centre, and pushes known anomalies away from it");
    is.source(
        "Ruff, Vandermeulen, Görnitz, Binder, Müller, Müller, Kloft. Deep semi-supervised anomaly "
        "detection. ICLR 2020");
    is.cost("O(B d) time and memory");
    is.parameter("anomalous", &DeepSad::anomalous, "the labels of known anomalies")
        .required()
        .at_least(0);
    is.parameter("normal", &DeepSad::normal,
                 "the labels of examples known to be normal; all other labels count as unlabelled")
        .at_least(0);
    is.parameter("eta", &DeepSad::eta, "η: the weight of what is known, beside what is unlabelled")
        .above(0);
  }

  void prepare(const LossSetting& setting) override {
    for (const std::int64_t label : normal)
      if (contains(anomalous, label))
        throw Error(fmt::format("label {} is also among the anomalous ones", label)).in("normal");
    HypersphereLoss::prepare(setting);
  }

  at::Tensor forward(const Batch& batch, const Tuples&) override {
    check_batch(batch);
    constexpr double kEpsilon = 1e-6;
    const at::Tensor squares = squared_distances(batch.embeddings);
    auto those = [&](const std::vector<std::int64_t>& labels) {
      return indicator(batch.labels, squares.detach(),
                       [&](std::int64_t label) { return contains(labels, label); });
    };
    const at::Tensor far = those(anomalous);
    const at::Tensor near = those(normal).mul(eta - 1).add(1).sub(far);
    const double n = static_cast<double>(std::max<std::int64_t>(squares.size(0), 1));
    return squares.mul(near).add(squares.add(kEpsilon).reciprocal().mul(far), eta).sum().div(n);
  }

 protected:
  bool makes_center(std::int64_t label) const override { return !contains(anomalous, label); }

 private:
  static bool contains(const std::vector<std::int64_t>& labels, std::int64_t label) {
    return std::ranges::find(labels, label) != labels.end();
  }

  std::vector<std::int64_t> anomalous, normal;
  double eta = 1;
};

METRICLAB_PLUGIN(DeepSad, "deep_sad");

}  // namespace
