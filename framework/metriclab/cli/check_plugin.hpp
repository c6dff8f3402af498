// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/plugin/conformance.hpp>
#include <metriclab/plugin/registry.hpp>
#include <string>

namespace metriclab {

/// Holds a plugin to all the laws there are for it: those of every declaration, and those of its
/// kind, in this order. Kinds without LibTorch are checked here (dataset, solver, evaluator), the
/// others by the conformance plugin named after the kind, where there is one.
///
/// `parameters`: null, or an object as in a spec, with or without "plugin". A required parameter
/// that it lacks gets a stand-in; where a stand-in can't do (a file, a name), the laws of the kind
/// are not checked, and the reason says so. Throws Error when there is no such plugin, or the
/// parameters are not those of the plugin.
Checks check_plugin(Registry& registry, const std::string& kind, const std::string& name,
                    const Value& parameters = {});

}  // namespace metriclab
