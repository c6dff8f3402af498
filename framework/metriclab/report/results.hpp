// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <metriclab/plugin/better.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// One number of a run: a metric "evaluator.name", or "seconds.fit", "seconds.total" and so on.
struct RecordedMetric {
  std::string name;
  double value = 0;    // NaN where the result has null
  std::string reason;  // why it is NaN
};

/// One run as its result file tells it, or that there is no file.
struct Record {
  std::string id, experiment, dataset, split, method;
  std::string base;  // the method without the values of its grid: the name that the spec gives it
  std::int64_t seed = 0;
  bool trial = false;  // made to find the values of a method, on a part of the training part
  /// "ok", "skipped", "failed", "timed_out", "out_of_memory", "crashed"; "missing" for a planned
  /// run without a file, "unreadable" for one whose file is broken.
  std::string status;
  std::string reason;    // with every status but "ok" and "missing"
  std::string finished;  // ISO 8601, or ""
  std::vector<RecordedMetric> measurements;
  /// Of each of `Results::pointers` the value as text: a number in its shortest form, a string as
  /// it is (an empty one as ""), lists and objects as JSON on one line; empty where the run has
  /// none such.
  std::vector<std::string> parameters;
  std::filesystem::path file;  // where it was read; empty for a missing run
};

/// What the result files of some folders say, read without knowing spec or plugins.
struct Results {
  std::vector<std::string> experiments;  // in the order of the folders
  std::vector<Record> records;           // in the order of the plan
  std::vector<std::string> metrics;      // names in the order met, the seconds last
  std::map<std::string, Better> better;  // of each of those
  std::int64_t left_out = 0;             // result files that the present specs don't name
  std::vector<std::string> problems;     // "FILE: what is wrong", for files that can't be used
  std::vector<std::string> notes;        // what else a reader of the table should know
  std::vector<std::string> pointers;     // ReadOptions::pointers
  bool has_trials = false;               // some plan names trials of a search
};

struct ReadOptions {
  /// JSON pointers into a result, such as "/method/block/loss/margin", whose values each record is
  /// to have. "block" may be left out, as in the pointers of a spec.
  std::vector<std::string> pointers = {};
  /// The reader tells experiments apart: methods keep their names, and a run that two experiments
  /// share is one of each.
  bool by_experiment = false;
  /// The trials of searches in the place of the runs that are compared.
  bool trials = false;
};

/// Reads `results/<experiment>/` folders: plan.json says which runs the present spec names,
/// runs/<id>.json holds each. A folder without plan.json gives all of its results, the latest
/// finished where two have the same coordinates. A run that several folders hold is taken once,
/// from one that has its result; where folders have different runs of the same data set, split,
/// method and seed, method names get the experiment's name in front, or the folder's where
/// experiments have one name. One id with different metrics is told among `problems`.
///
/// A missing run, or one whose file can't be read, takes the parameters that all other runs of its
/// method (for pointers below /method) or data set (below /dataset) agree on.
///
/// A file that can't be used is named in `problems`, and the others go on. Throws Error when a
/// folder is none of results, when no result has anything at a pointer, and for trials where a plan
/// has none. Cost: one pass over the
/// files, keeping only what is listed above.
Results read_results(const std::vector<std::filesystem::path>& folders,
                     const ReadOptions& options = {});

}  // namespace metriclab
