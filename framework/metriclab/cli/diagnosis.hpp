// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/plugin/registry.hpp>

namespace metriclab {

/// What `metriclab doctor` finds out:
///
///     {"versions": {…}, "machine": {…}, "threads": {…},
///      "plugins": [{"folder": …, "plugins": 61}, …], "refused": [{"library": …, "reason": …}, …],
///      "deep": {"works": true, "reason": ""}, "data": {…}, "results": {…}}
///
/// Every plugin's library is opened, LibTorch with them; "refused" has those that can't be used and
/// those that don't open.
Value diagnose(Registry& registry);

}  // namespace metriclab
