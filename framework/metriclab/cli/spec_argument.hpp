// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <memory>
#include <metriclab/experiment/plan.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// A spec that the command line names, checked, with the runs it asks for.
struct PlannedSpec {
  std::filesystem::path file;
  std::unique_ptr<Spec> spec;  // what `plan` points to
  Plan plan;
};

/// Reads and checks all the specs. Everything wrong with any of them goes to stderr, one line each,
/// and their number; the result is empty then.
std::vector<PlannedSpec> plan_specs(const std::vector<std::filesystem::path>& files,
                                    const std::vector<std::string>& settings, Registry& registry);

}  // namespace metriclab
