// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/proxies.hpp>
#include <metriclab/deep/sphere_center.hpp>
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// Deep semi-supervised anomaly detection: normal and unlabelled examples are drawn towards a
/// centre, known anomalies are pushed from it.
///
///     term of an unlabelled example = ‖x − c‖²                                    (Eq. 7)
///     term of a normal one = η ‖x − c‖²,    of an anomaly = η / (‖x − c‖² + ε)
///     loss = mean of the terms over the examples
///
/// c: the mean of the embedded training examples before the first step, its values being kept away
/// from 0 by 0.1; η: `labelled_weight`; ε: 10⁻⁶. Which label means what: `normal` and `anomalous`
/// list the classes, by their numbers; all others are unlabelled. Kept: center (d). Shapes:
/// embeddings (B × d), labels (B). Tuples given weigh the examples in
/// them. An empty batch: 0. Cost: O(B d). Differs from the paper: the
/// network's weight decay is the optimiser's.
class DeepSad final : public TupleLoss {
 public:
  DeepSad() : TupleLoss("squared_euclidean", false, "mean") {}
  static void describe(Description<DeepSad>& is) {
    is.summary("draws examples towards a centre, and pushes known anomalies away");
    is.source(
        "Ruff, Vandermeulen, Görnitz et al. Deep semi-supervised anomaly detection. ICLR 2020");
    is.cost("O(B d) time and memory");
    is.parameter("normal", &DeepSad::normal, "the classes of known normal examples").at_least(0);
    is.parameter("anomalous", &DeepSad::anomalous, "the classes of known anomalies").at_least(0);
    is.parameter("labelled_weight", &DeepSad::labelled_weight,
                 "η: how much a labelled example counts against an unlabelled one")
        .above(0);
    describe_reduction(is);
  }

  void prepare(const LossSetting& setting) override {
    center_ = buffer("center", at::zeros({setting.embedding_size}, setting.type));
  }
  bool wants_snapshot(const Progress& progress) const override { return progress.step == 0; }
  void see(const Snapshot& snapshot) override { center_.copy_(sphere_center(snapshot.embeddings)); }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    METRICLAB_CHECK(center_.defined(), "a loss that was not prepared");
    constexpr double kSmall = 1e-6;
    std::vector<double> drawn, pushed;
    for (const std::int64_t label : as_indices(batch.labels)) {
      const bool is_anomaly = contains(anomalous, label);
      const double weight = is_anomaly || contains(normal, label) ? labelled_weight : 1;
      drawn.push_back(is_anomaly ? 0 : weight);
      pushed.push_back(is_anomaly ? weight : 0);
    }
    const at::Tensor squares = batch.embeddings.sub(center_).square().sum(1);
    auto weights = [&](const std::vector<double>& values) {
      return double_tensor(values).to(squares.device(), squares.scalar_type());
    };
    const at::Tensor terms =
        squares.mul(weights(drawn)).add(weights(pushed).div(squares.add(kSmall)));
    return reduced(terms.mul(example_weights(batch, tuples)), batch.labels, reducer->reduction());
  }

 private:
  static bool contains(const std::vector<std::int64_t>& classes, std::int64_t label) {
    return std::find(classes.begin(), classes.end(), label) != classes.end();
  }

  std::vector<std::int64_t> normal = {0};
  std::vector<std::int64_t> anomalous = {1};
  double labelled_weight = 1;
  at::Tensor center_;
};

METRICLAB_PLUGIN(DeepSad, "deep_sad");

}  // namespace
