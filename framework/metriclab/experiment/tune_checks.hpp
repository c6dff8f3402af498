// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/experiment/spec.hpp>

namespace metriclab {

/// Adds to `problems` what can't be in the "tune" of a spec that has been read so far: its metric,
/// settings that exclude each other, grids with too many points, resources that methods don't have.
/// What needs all of that is checked only where there are no more problems than `before`.
void check_tuning(const Spec& spec, std::size_t before, Problems& problems);

}  // namespace metriclab
