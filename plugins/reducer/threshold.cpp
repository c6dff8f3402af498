// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/reducer.hpp>
#include <optional>

namespace {

using namespace metriclab;

/// The mean over the terms with low < term < high; 0 where none is.
class Threshold final : public Reducer {
 public:
  static void describe(Description<Threshold>& is) {
    is.summary("the mean over the terms between two bounds");
    is.source(
        "Hermans, Beyer, Leibe. In defense of the triplet loss for person re-identification. arXiv "
        "2017 (low 0); the upper bound against outliers is common practice");
    is.parameter("low", &Threshold::low, "terms not above this are left out; null: no bound");
    is.parameter("high", &Threshold::high, "terms not below this are left out; null: no bound");
  }
  Reduction reduction() const override {
    Reduction reduction{.count = Reduction::Count::kept};
    if (low) reduction.low = *low;
    if (high) reduction.high = *high;
    return reduction;
  }

 private:
  std::optional<double> low = 0.0;
  std::optional<double> high;
};

METRICLAB_PLUGIN(Threshold, "threshold");

}  // namespace
