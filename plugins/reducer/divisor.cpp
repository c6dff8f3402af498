// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/reducer.hpp>

namespace {

using namespace metriclab;

/// Σ terms / N, N being stated by the loss (proxy anchor: the number of proxies); the number of
/// terms for a loss that states none.
class Divisor final : public Reducer {
 public:
  static void describe(Description<Divisor>& is) {
    is.summary("the sum of the terms over the number that the loss states");
    is.source("Kim, Kim, Cho, Kwak. Proxy anchor loss for deep metric learning. CVPR 2020 (Eq. 4)");
  }
  Reduction reduction() const override { return {.count = Reduction::Count::given}; }
};

METRICLAB_PLUGIN(Divisor, "divisor");

}  // namespace
