// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/limited_miner.hpp>

namespace metriclab {

LimitedMiner::~LimitedMiner() = default;

}  // namespace metriclab
