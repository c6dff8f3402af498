// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/experiment/spec.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// One run that a spec asks for: data set × split × method × seed.
struct PlannedRun {
  std::string id;
  std::size_t dataset = 0, method = 0;  // places in the spec's lists
  std::size_t split_index = 0;
  std::string split;
  std::int64_t seed = 0;
};

/// All runs of a spec, in the order data set, method, seed, split.
struct Plan {
  const Spec* spec = nullptr;  // outlives the plan
  std::vector<PlannedRun> runs;
  std::vector<std::string> contents;  // by data set: the hash of its files, "" where it has none
  std::vector<Value> sources;         // by method: {"solver/lmnn": hash, …}, evaluators included
};

/// Finds splits and files, and gives each run its id. An id is a hash of all that decides the
/// result: the resolved data set, split, method and evaluators, the seed, the content of the data
/// files, the source of each plugin in use, and the revision of metriclab's own numerics. Names
/// are no part of it. Missing files and impossible splits are added to `problems`.
Plan make_plan(const Spec& spec, Registry& registry, Problems& problems);

/// Where a run stands in its experiment, as plan.json and result files have it.
Value coordinates(const Plan& plan, const PlannedRun& run);

/// plan.json: {"schema": 1, "experiment": …, "runs": [{"id": …, coordinates}]}.
Value to_value(const Plan& plan);

/// All that a worker needs to make the run, as JSON.
Value request_of(const Plan& plan, const PlannedRun& run);

}  // namespace metriclab
