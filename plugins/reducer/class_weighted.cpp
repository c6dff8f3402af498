// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/reducer.hpp>

namespace {

using namespace metriclab;

/// (1 / N) Σ w(class of the anchor) · term, over all N terms.
class ClassWeighted final : public Reducer {
 public:
  static void describe(Description<ClassWeighted>& is) {
    is.summary("the mean over the terms, each weighted by the class of its anchor");
    is.source("the usual weighting of classes");
    is.parameter("weights", &ClassWeighted::weights,
                 "one weight for each class, in the order of the labels")
        .required()
        .at_least(0);
  }
  Reduction reduction() const override {
    if (weights.empty()) throw Error("an empty list; give one weight for each class").in("weights");
    return {.class_weights = weights};
  }

 private:
  std::vector<double> weights;
};

METRICLAB_PLUGIN(ClassWeighted, "class_weighted");

}  // namespace
