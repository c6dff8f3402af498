// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/experiment/spec.hpp>
#include <optional>
#include <string>
#include <vector>

namespace metriclab {

/// A method with all its values: one of the spec's, or what a search has made of one.
struct MethodPoint {
  std::size_t method = 0;           // its place in the spec's list
  Value block;                      // resolved
  Value chosen = Value::object();   // by a search: pointer → value
  Value sources = Value::object();  // {"solver/lmnn": hash, …}, evaluators included
};

/// A run that a search makes to compare values, on a part of the training part.
struct Trial {
  std::int64_t number = 0;  // from 1
  std::size_t validation_index = 0;
  std::string validation;                     // the name of that split of the training part
  std::optional<std::int64_t> resource = {};  // what halving gives it
};

/// One run that a spec asks for: data set × split × method × seed.
struct PlannedRun {
  std::string id;
  std::size_t dataset = 0, method = 0;  // places in the spec's lists
  std::size_t point = 0;                // in the plan's
  std::size_t split_index = 0;
  std::string split;
  std::int64_t seed = 0;
  std::optional<Trial> trial = {};
};

/// What is known of a spec's data set before it is read.
struct PlannedDataset {
  std::string content;  // the hash of its files, "" where it has none
  Value sources;
  std::vector<std::string> splits;
};

/// All runs of a spec, in the order data set, method, seed, split. Of methods with a search space
/// there are none before a `Tuner` has added them.
struct Plan {
  const Spec* spec = nullptr;  // outlives the plan
  std::vector<PlannedRun> runs;
  /// Runs of searched methods whose values are not known yet; their ids are no results'.
  std::vector<PlannedRun> pending;
  std::vector<PlannedDataset> datasets;
  std::vector<MethodPoint> points;  // those of the spec's methods first, in its order
};

/// Finds splits and files, and gives each run its id. An id is a hash of all that decides the
/// result: the resolved data set, split, method and evaluators, the seed, the content of the data
/// files, the source of each plugin in use, and the revision of metriclab's own numerics. Names
/// are no part of it, nor is how values were found. Missing files and impossible splits are added
/// to `problems`.
Plan make_plan(const Spec& spec, Registry& registry, Problems& problems);

/// Adds a method with these values; its place in the plan's points. `block` need not be resolved
/// where it is not to be run.
std::size_t add_point(Plan& plan, Registry& registry, std::size_t method, Value block,
                      Value chosen);

/// A run of that method with its id.
PlannedRun planned_run(const Plan& plan, std::size_t dataset, std::size_t point,
                       std::size_t split_index, std::int64_t seed, std::optional<Trial> trial = {});

/// Where a run stands in its experiment, as plan.json and result files have it.
Value coordinates(const Plan& plan, const PlannedRun& run);

/// plan.json: {"schema": 1, "experiment": …, "runs": [{"id": …, coordinates}], "trials": the same}.
/// Runs that are pending are among "runs".
Value to_value(const Plan& plan);

/// How many examples that run keeps for a report: those of the first split with the first seed do,
/// 300 where the spec says nothing.
std::int64_t exhibit_size(const Plan& plan, const PlannedRun& run);

/// All that a worker needs to make the run, as JSON.
Value request_of(const Plan& plan, const PlannedRun& run);

}  // namespace metriclab
