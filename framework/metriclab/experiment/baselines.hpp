// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/experiment/spec.hpp>

namespace metriclab {

/// Adds what every comparison needs beside what was asked for, where the spec has it not already:
/// the plain Euclidean distance before all methods, and behind them, for each different
/// architecture, its untrained network. They are marked as baselines.
void add_baselines(Spec& spec, Registry& registry);

}  // namespace metriclab
