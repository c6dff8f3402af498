// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <functional>
#include <metriclab/plugin/registry.hpp>
#include <string>

namespace metriclab {

/// The schema of result files that this metriclab writes.
inline constexpr std::int64_t kResultSchema = 1;

/// What a run is given besides its request.
struct RunContext {
  int threads = 1;
  std::filesystem::path checkpoints;  // a folder for interrupted training; "" for none
  std::filesystem::path model;        // the folder to save the model to; "" for none
  std::filesystem::path exhibit;      // the file for what a request's "exhibit" asks; "" for none
  /// Called as the work goes on: done in 0 … 1 of the whole run, the stage ("load", "fit", "embed",
  /// "evaluate"), and what is being done.
  std::function<void(double done, const std::string& stage, const std::string& what)> progress;
};

/// Makes one run: loads the data, takes the split, fits normalisation and method on the training
/// part, embeds both parts, measures. Gives the whole result, as its file has it; what goes wrong
/// in a way that can be caught is told in its "status" and "reason"; FileError alone passes, for a
/// full disk says nothing of the run. `request` is what `request_of` gives.
Value execute(const Value& request, const RunContext& context, Registry& registry);

/// The parts of a result that are known before the run: schema, id, experiment, coordinates, the
/// resolved blocks and sources.
Value result_head(const Value& request);

/// As a result's "status": how a run ended that could write no result itself.
struct Ending {
  std::string status;  // "crashed", "timed_out", "out_of_memory"
  std::string reason;
  bool from_outside =
      false;  // it was killed by somebody else: the next `metriclab run` tries again
};
Value result_of(const Value& request, const Ending& ending, int threads);

}  // namespace metriclab
