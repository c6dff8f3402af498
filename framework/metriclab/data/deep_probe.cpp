// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/data/deep_probe.hpp>

namespace metriclab {

DeepProbe::~DeepProbe() = default;

}  // namespace metriclab
