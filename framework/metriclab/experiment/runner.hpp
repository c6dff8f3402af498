// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <metriclab/experiment/plan.hpp>
#include <metriclab/experiment/result_store.hpp>
#include <metriclab/experiment/workplace.hpp>
#include <optional>
#include <string>
#include <vector>

namespace metriclab {

struct RunnerOptions {
  int jobs = 1;     // workers at a time
  int threads = 1;  // of each
  bool retry_failed = false;
  std::optional<double> time_limit =
      {};                         // seconds of all runs together, after which all is stopped
  std::filesystem::path command;  // what to start as a worker
  std::vector<std::filesystem::path> plugin_folders;  // that workers use
  const std::atomic<bool>* interrupted = nullptr;     // once true, all is stopped
  // Which runs of the plan; all where empty.
  std::function<bool(const PlannedRun&)> only = {};
  // Workers elsewhere, beside those here: a place stands as often as it has workers at a time.
  std::vector<Workplace*> elsewhere = {};
};

/// One run's place in the work as it stands.
struct RunState {
  const PlannedRun* run = nullptr;
  double done = 0;    // 0 … 1
  std::string doing;  // "epoch 3 of 20"
};

/// How the work stands, for whoever shows it.
struct Progress {
  std::size_t total = 0;  // runs to make, those already there left aside
  std::size_t finished = 0;
  std::vector<RunState> running;
  std::optional<double> seconds_left;
  // Of a run that has just ended:
  const PlannedRun* ended = nullptr;
  std::string status, reason;
  double seconds = 0;
  std::string lost;  // the name of a place that has just been lost with what ran there
};

/// How the runs of a plan ended.
struct Outcome {
  std::size_t planned = 0;  // different runs
  std::size_t kept = 0;     // were there already
  std::size_t ok = 0, skipped = 0;
  std::size_t failed = 0;  // in whatever way
  bool interrupted = false;
  bool out_of_time = false;
};

/// Makes the runs of a plan that are missing, each in a process of its own, and writes their
/// results. With several workers long runs come first, as far as it is known what takes long, and
/// no more at a time than there is memory for. `show` is called from one thread at a time: when a
/// run ends, and several times a second meanwhile. A worker that crashes, hangs beyond its limit or
/// takes too much memory costs its own run; when this process dies, its workers go with it. What
/// ran at a place that is lost is made at another. Where something can't be written, no further run
/// begins, and FileError says so when those that go on have ended; there is no result of that run
/// then.
Outcome make_runs(const Plan& plan, const ResultStore& store, const RunnerOptions& options,
                  const std::function<void(const Progress&)>& show);

}  // namespace metriclab
