// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/reducer.hpp>

namespace {

using namespace metriclab;

/// Each anchor counts the same, however many terms it has: the mean over its terms (0 without any),
/// then the reducer over the anchors of the batch.
class PerAnchor final : public Reducer {
 public:
  static void describe(Description<PerAnchor>& is) {
    is.summary("the terms of each anchor are averaged first");
    is.source(
        "Khosla, Teterwak, Wang et al. Supervised contrastive learning. NeurIPS 2020 (Eq. 2, the "
        "mean over positives inside the sum over anchors)");
    is.parameter("reducer", &PerAnchor::reducer, "how the means of the anchors become one number");
  }
  Reduction reduction() const override {
    Reduction reduction = reducer->reduction();
    reduction.per_anchor = true;
    return reduction;
  }

 private:
  Plugin<Reducer> reducer = "mean";
};

METRICLAB_PLUGIN(PerAnchor, "per_anchor");

}  // namespace
