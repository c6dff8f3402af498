// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/reducer.hpp>

namespace {

using namespace metriclab;

/// Σ terms.
class Sum final : public Reducer {
 public:
  static void describe(Description<Sum>& is) {
    is.summary("the sum of the terms");
    is.source("the usual sum");
  }
  Reduction reduction() const override { return {.count = Reduction::Count::one}; }
};

METRICLAB_PLUGIN(Sum, "sum");

}  // namespace
