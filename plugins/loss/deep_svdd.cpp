// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/quantile.h>
#include <ATen/ops/zeros.h>

#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/hypersphere_loss.hpp>
#include <optional>

namespace {

using namespace metriclab;

/// Deep support vector data description: what is normal lies in a small sphere.
///
///     one_class:      loss = (1/n) Σ_i d²(x_i)                                             (Eq. 4)
///     soft_boundary:  loss = R² + (1/(ν n)) Σ_i [d²(x_i) − R²]₊                            (Eq. 3)
///
/// d(x) = ‖x − c‖, c the centre (see HypersphereLoss); the sums run over the n examples of the
/// batch whose label is `normal`, over all where that is null. R² is the (1 − ν) quantile of d²
/// over the normal training examples, which makes Eq. 3 least: in the beginning, and anew every
/// `radius_epochs`. Shapes: embeddings (B × d); kept beside the centre: radius (1). No normal
/// example in the batch: 0 with zero gradient, or R². Tuples have no part in it. Cost: O(B d).
/// How anomalous an example is, d says. Evaluators compare embeddings with each other, and know
/// nothing of c: for them the mean of the normal training examples stands in its place
/// ("nearest_class_mean").
/// Differs from the paper: weight decay is the optimiser's; c and R are those of the first epoch
/// without a pretrained autoencoder, unless the network begins as one.
class DeepSvdd final : public HypersphereLoss {
 public:
  static void describe(Description<DeepSvdd>& is) {
    is.summary("draws normal examples into a small sphere; what falls outside is an anomaly");
    is.source(
        "Ruff, Vandermeulen, Görnitz, Deecke, Siddiqui, Binder, Müller, Kloft. Deep one-class "
        "classification. ICML 2018");
    is.cost("O(B d) time and memory");
    is.parameter("objective", &DeepSvdd::objective,
                 "all normal examples are drawn to the centre, or those outside of a sphere of "
                 "which a part ν may stay outside")
        .one_of({"one_class", "soft_boundary"});
    is.parameter("nu", &DeepSvdd::nu, "ν: the part of the normal examples that may be outside")
        .above(0)
        .below(1)
        .unused_when("objective", "one_class");
    is.parameter("radius_epochs", &DeepSvdd::radius_epochs,
                 "the radius is found anew every so many epochs")
        .at_least(1)
        .unused_when("objective", "one_class");
    is.parameter("normal", &DeepSvdd::normal,
                 "the label of normal examples, others having no part; null: all are normal")
        .at_least(0);
  }

  void prepare(const LossSetting& setting) override {
    HypersphereLoss::prepare(setting);
    radius_ = buffer("radius", at::zeros({1}, setting.type));
  }

  bool needs_labels() const override { return normal.has_value(); }

  bool wants_snapshot(const Progress& progress) const override {
    return HypersphereLoss::wants_snapshot(progress) ||
           (objective == "soft_boundary" && progress.step_of_epoch == 0 &&
            progress.epoch % radius_epochs == 0);
  }

  void see(const Snapshot& snapshot) override {
    HypersphereLoss::see(snapshot);
    const at::Tensor x = snapshot.embeddings.to(radius_.device());
    const at::Tensor squares = squared_distances(x).to(at::kCPU, at::kDouble);
    std::vector<double> of_normal;
    const std::vector<std::int64_t> labels = as_indices(snapshot.labels);
    for (std::size_t i = 0; i < labels.size(); ++i)
      if (makes_center(labels[i])) of_normal.push_back(squares.data_ptr<double>()[i]);
    radius_.copy_(at::quantile(double_tensor(of_normal), 1 - nu).sqrt());
  }

  at::Tensor forward(const Batch& batch, const Tuples&) override {
    check_batch(batch);
    const at::Tensor squares = squared_distances(batch.embeddings);
    const at::Tensor counts = indicator(batch.labels, squares.detach(),
                                        [&](std::int64_t label) { return makes_center(label); });
    const at::Tensor n = counts.sum().clamp_min(1);
    if (objective == "one_class") return squares.mul(counts).sum().div(n);
    const at::Tensor boundary =
        radius_.square().to(squares.device(), squares.scalar_type()).squeeze(0);
    return squares.sub(boundary).clamp_min(0).mul(counts).sum().div(n.mul(nu)).add(boundary);
  }

 protected:
  bool makes_center(std::int64_t label) const override { return !normal || label == *normal; }

 private:
  std::string objective = "one_class";
  double nu = 0.1;
  std::int64_t radius_epochs = 5;
  std::optional<std::int64_t> normal;
  at::Tensor radius_;
};

METRICLAB_PLUGIN(DeepSvdd, "deep_svdd");

}  // namespace
