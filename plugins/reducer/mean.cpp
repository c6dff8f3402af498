// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/reducer.hpp>

namespace {

using namespace metriclab;

/// (1 / N) Σ terms, over all of them, zeros included; 0 without terms.
class Mean final : public Reducer {
 public:
  static void describe(Description<Mean>& is) {
    is.summary("the mean over all the terms");
    is.source("the usual mean");
  }
  Reduction reduction() const override { return {}; }
};

METRICLAB_PLUGIN(Mean, "mean");

}  // namespace
