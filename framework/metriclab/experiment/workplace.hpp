// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <metriclab/plugin/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace metriclab {

/// A run as some machine is to make it.
struct Job {
  std::string request;  // one line of JSON
  int threads = 1;
  std::optional<double> time_limit = {};          // seconds
  std::optional<std::int64_t> memory_limit = {};  // MiB; else what the machine has for all
  std::filesystem::path result, checkpoints, model, exhibit, log;  // model may be ""
  std::vector<std::filesystem::path> plugin_folders;
};
Value to_value(const Job& job);
Job job_from_value(const Value& value);

/// Why a worker was ended before it was done; `lost`: its machine is not heard of any more.
enum class Stopped { no, time, memory, interrupted, lost };

/// How a worker ended.
struct JobEnd {
  Stopped stopped = Stopped::no;
  bool signalled = false;
  int code = 0;                   // of the exit, or the signal
  std::int64_t memory_limit = 0;  // MiB that it was held to
};
Value to_value(const JobEnd& end);
JobEnd job_end_from_value(const Value& value);

/// Where workers run: this machine, or one that is reached over MPI.
class Workplace {
 public:
  using Hear = std::function<void(std::string_view line)>;
  virtual ~Workplace();
  /// Makes a run from beginning to end, in a worker process that is ended where it is beyond a
  /// limit or once `stop` is true. `hear` is given each line that the worker says. May be called
  /// from several threads. Throws Error where no worker can be started.
  virtual JobEnd make(const Job& job, const Hear& hear, const std::atomic<bool>& stop) = 0;

  /// "rank 2 on node7"; "" for this process.
  virtual std::string name() const = 0;
  /// The machine's name: places on one machine share its memory.
  virtual const std::string& machine() const = 0;
  /// MiB for all workers on that machine.
  virtual std::int64_t memory() const = 0;
};

/// To be called before the first worker is started: what workers inherit from this process.
void prepare_for_workers(int threads);

/// Workers as children of this process, with which they end.
class LocalWorkplace final : public Workplace {
 public:
  /// `command`: what to start as a worker.
  explicit LocalWorkplace(std::filesystem::path command);
  JobEnd make(const Job& job, const Hear& hear, const std::atomic<bool>& stop) override;
  std::string name() const override { return ""; }
  const std::string& machine() const override { return machine_; }
  std::int64_t memory() const override { return memory_; }

 private:
  std::filesystem::path command_;
  std::string machine_;
  std::int64_t memory_;
};

}  // namespace metriclab
