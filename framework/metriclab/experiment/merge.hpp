// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace metriclab {

/// What became of one folder's results.
struct MergedFolder {
  std::filesystem::path folder;
  std::size_t taken = 0;      // results that were missing, or worse, or couldn't be read there
  std::size_t same = 0;       // were there already
  std::size_t kept = 0;       // what was there is better: finished, not failed
  std::size_t conflicts = 0;  // other metrics; nothing is overwritten
  std::size_t others = 0;     // models and other files of these runs
  std::vector<std::string> alarms;    // one for each conflict, naming both files
  std::vector<std::string> problems;  // files that can't be used
  std::vector<std::string> notes;     // what else one should know
};

struct Merged {
  std::vector<MergedFolder> folders;
  std::size_t planned = 0, there = 0;  // runs of the plan, and how many of them have a result
};

/// Takes the results of one experiment, with their models and other files named after their run,
/// from several folders into one, which is made where there is none. Of two results with one id the
/// better one stays: ok before skipped before failed. The first folder's spec.json and plan.json
/// are taken where there are none; plans of the same spec are united, for a search's plan depends
/// on what has been tried.
///
/// Every file is put in place whole, its result last, so that a merge that was interrupted can be
/// repeated; the sources are only read. Throws Error, before anything is written, where a folder is
/// none of results, folders are of differently named experiments, or a runner is at work in `into`.
/// Checkpoints and logs stay behind.
Merged merge_results(const std::vector<std::filesystem::path>& sources,
                     const std::filesystem::path& into);

}  // namespace metriclab
