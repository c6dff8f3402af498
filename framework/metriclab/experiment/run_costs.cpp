// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/experiment/run_costs.hpp>

namespace metriclab {

void RunCosts::add(const PlannedRun& run, double seconds, double memory) {
  for (Cost* cost : {&cells_[{run.dataset, run.method}], &methods_[run.method], &all_}) {
    cost->seconds += seconds;
    cost->memory = std::max(cost->memory, memory);
    ++cost->count;
  }
}

std::optional<double> RunCosts::seconds(const PlannedRun& run) const {
  if (const auto cell = cells_.find({run.dataset, run.method}); cell != cells_.end())
    return cell->second.mean();
  if (const auto method = methods_.find(run.method); method != methods_.end())
    return method->second.mean();
  if (all_.count > 0) return all_.mean();
  return std::nullopt;
}

double RunCosts::memory(const PlannedRun& run) const {
  if (const auto cell = cells_.find({run.dataset, run.method}); cell != cells_.end())
    return cell->second.memory;
  const auto method = methods_.find(run.method);
  return method != methods_.end() ? method->second.memory : 0;
}

}  // namespace metriclab
