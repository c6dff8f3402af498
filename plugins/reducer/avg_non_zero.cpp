// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/reducer.hpp>

namespace {

using namespace metriclab;

/// The mean over the terms that are above 0; 0 where none is. A hinge thus keeps its strength as
/// fewer terms violate it.
class AvgNonZero final : public Reducer {
 public:
  static void describe(Description<AvgNonZero>& is) {
    is.summary("the mean over the terms above 0");
    is.source(
        "Hermans, Beyer, Leibe. In defense of the triplet loss for person re-identification. arXiv "
        "2017 (section 3.2, the mean over non-zero terms)");
  }
  Reduction reduction() const override { return {.low = 0, .count = Reduction::Count::kept}; }
};

METRICLAB_PLUGIN(AvgNonZero, "avg_non_zero");

}  // namespace
