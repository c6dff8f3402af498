// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace metriclab {

/// A curve of a run: of its training, or of an evaluator.
struct RecordedCurve {
  std::string name;                // "loss", "validation.map_at_r", "objective", "verification.roc"
  std::string unit;                // what `at` is: "epoch", "iteration", "false accept rate"
  std::vector<double> at, values;  // in pairs; NaN for null
};

/// What tables don't need of a run's result file.
struct RunDetails {
  std::vector<RecordedCurve> curves;
  /// What a grid gave the run, pointers into the spec, and what a search tried in it or chose for
  /// it, pointers into the method; values as text (`JsonSlice::plain`).
  std::vector<std::pair<std::string, std::string>> grid, chosen;
  std::string trial;     // " trial 3 fold 1" of a search; "" of what is compared
  std::string resource;  // the epochs or iterations of a trial that halving cuts short, or ""
};

/// Throws Error naming the file where it can't be read.
RunDetails read_run_details(const std::filesystem::path& file);

}  // namespace metriclab
