// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/miner.hpp>

namespace {

using namespace metriclab;

/// Every tuple that the labels allow: the same as no miner. Nothing is listed.
class AllTuples final : public Miner {
 public:
  static void describe(Description<AllTuples>& is) {
    is.summary("every tuple that the labels allow, the same as no miner");
    is.source("the baseline of every miner");
    is.cost("nothing");
  }
  Tuples mine(const Batch&, Random&) override { return Tuples::all(); }
};

METRICLAB_PLUGIN(AllTuples, "all");

}  // namespace
