// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <metriclab/plugin/registry.hpp>
#include <string>

namespace metriclab {

/// What the command line of a worker says; its request comes on stdin, as one line of JSON.
struct WorkerOptions {
  int threads = 1;
  std::int64_t memory_limit = 0;  // MiB; 0: none
  std::int64_t parent = 0;        // the runner's process, with which this one ends
  std::filesystem::path result, checkpoints, model, exhibit;
};

/// The stage that a worker tells where it could not write what it was to write, and its exit code
/// then (EX_IOERR of sysexits.h): there is no result, for the run itself may be well.
inline constexpr const char* kUnwritten = "unwritten";
inline constexpr int kUnwrittenExit = 74;

/// The worker's whole life: makes the run, writes its result, tells "DONE STAGE WHAT" lines on
/// stdout. Its exit code.
int work(const WorkerOptions& options, Registry& registry);

}  // namespace metriclab
