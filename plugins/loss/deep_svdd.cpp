// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/proxies.hpp>
#include <metriclab/deep/sphere_center.hpp>
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// Deep support vector data description: all examples are drawn into a sphere around a centre.
///
///     one-class:      loss = mean over the examples of ‖x − c‖²                          (Eq. 4)
///     soft boundary:  loss = R² + 1/ν · mean over the examples of [‖x − c‖² − R²]₊       (Eq. 3)
///
/// c: the mean of the embedded training examples before the first step, its values being kept away
/// from 0 by 0.1; R: the (1 − ν) quantile of the distances in the batch, a constant for the
/// gradient. Labels have no part, nor have tuples. An example's score is its distance from c. Kept:
/// center (d), radius (1). Shapes: embeddings (B × d). An empty batch: R². Cost: O(B d). Differs
/// from the paper: the network's weight decay is the optimiser's; that it have no biases is the
/// architecture's matter.
class DeepSvdd final : public TupleLoss {
 public:
  DeepSvdd() : TupleLoss("squared_euclidean", false, "mean") {}
  static void describe(Description<DeepSvdd>& is) {
    is.summary("draws all examples into a sphere around a centre, outside of which are anomalies");
    is.source("Ruff, Vandermeulen, Görnitz et al. Deep one-class classification. ICML 2018");
    is.cost("O(B d) time and memory");
    is.property("stops_gradient");
    is.parameter("objective", &DeepSvdd::objective, "all distances count, or those beyond a radius")
        .one_of({"one_class", "soft_boundary"});
    is.parameter("nu", &DeepSvdd::nu, "ν: the part of the examples that may be outside")
        .above(0)
        .at_most(1)
        .unused_when("objective", "one_class");
    describe_reduction(is);
  }

  void prepare(const LossSetting& setting) override {
    center_ = buffer("center", at::zeros({setting.embedding_size}, setting.type));
    radius_ = buffer("radius", at::zeros({1}, setting.type));
  }
  bool needs_labels() const override { return false; }
  bool wants_snapshot(const Progress& progress) const override { return progress.step == 0; }
  void see(const Snapshot& snapshot) override { center_.copy_(sphere_center(snapshot.embeddings)); }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    METRICLAB_CHECK(center_.defined(), "a loss that was not prepared");
    const at::Tensor squares = batch.embeddings.sub(center_).square().sum(1);
    const Reduction reduction = reducer->reduction();
    auto mean = [&](const at::Tensor& terms) {
      return reduced(terms.mul(example_weights(batch, tuples)), batch.labels, reduction);
    };
    if (objective == "one_class") return mean(squares);
    if (batch.embeddings.size(0) > 0) {
      const WithoutAutograd off;
      radius_.copy_(quantile(squares.detach().sqrt()).view({1}));
    }
    const at::Tensor bound = radius_.square().sum();
    return mean(squares.sub(bound).clamp_min(0)).div(nu).add(bound);
  }

 private:
  /// The (1 − ν) quantile of distances, linear between neighbours.
  at::Tensor quantile(const at::Tensor& distances) const {
    const at::Tensor sorted = std::get<0>(distances.sort());
    const double place = (1 - nu) * static_cast<double>(distances.size(0) - 1);
    const auto low = static_cast<std::int64_t>(place);
    const std::int64_t high = std::min(low + 1, distances.size(0) - 1);
    return sorted[low].lerp(sorted[high], place - static_cast<double>(low));
  }

  std::string objective = "one_class";
  double nu = 0.1;
  at::Tensor center_, radius_;
};

METRICLAB_PLUGIN(DeepSvdd, "deep_svdd");

}  // namespace
