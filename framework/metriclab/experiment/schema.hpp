// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/plugin/registry.hpp>

namespace metriclab {

/// The JSON Schema (draft 2020-12) of specs, made from what the plugins declare, for editors: keys
/// and names are completed with their meaning, and slips are marked. What `make_spec` takes, it
/// takes; what it can't say (a name used twice, folds of too few examples, a parameter that has no
/// effect) is left to `metriclab check`. A plugin that can't describe itself is left out. No
/// library is opened whose description lies beside it.
Value spec_schema(Registry& registry);

}  // namespace metriclab
