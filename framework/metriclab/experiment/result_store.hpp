// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <metriclab/experiment/file_lock.hpp>
#include <metriclab/experiment/shard.hpp>
#include <metriclab/plugin/value.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace metriclab {

/// The folder `results/<experiment>/`: spec.json, plan.json, runs/<id>.json, exhibits/<id>.json,
/// models/<id>/, checkpoints/<id>/, logs/<id>.txt. Every file appears whole or not at all.
class ResultStore {
 public:
  /// Makes the folder where there is none, and keeps other runners out of it until destroyed: that
  /// of a shard those of the same shard and of the whole. What a killed writer left half-done is
  /// cleared away, among shards by `clear_leftovers`. Throws Error when another one is at work
  /// there, or the folder can't be written to.
  explicit ResultStore(std::filesystem::path folder, std::optional<Shard> shard = {});
  ResultStore(const ResultStore&) = delete;
  ResultStore& operator=(const ResultStore&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path result(const std::string& id) const;
  std::filesystem::path model(const std::string& id) const;
  std::filesystem::path checkpoints(const std::string& id) const;
  std::filesystem::path exhibit(const std::string& id) const;
  std::filesystem::path log(const std::string& id) const;

  /// How a run ended, as its file tells; nullopt where there is none that can be read.
  struct Stored {
    std::string status;
    bool from_outside = false;
    double seconds = 0, memory = 0;  // of its whole process, and MiB at most; 0 where not told
  };
  std::optional<Stored> find(const std::string& id) const;
  void write(const std::string& id, const Value& result) const;
  void write_spec(const Value& document) const;
  void write_plan(const Value& plan) const;

  /// Whoever brings spec.json and plan.json up to the results there are does so alone.
  FileLock turn() const;
  /// Whether runners of other shards may be at work there.
  bool is_shared() const { return shard_.has_value(); }
  /// Among shards, the right to make a run, which may be of two of them; nullopt where another one
  /// is making it.
  std::optional<FileLock> claim(const std::string& id) const;
  /// Removes what killed writers left half-done of these runs, where nobody is making them.
  void clear_leftovers(const std::set<std::string>& ids) const;
  /// The same of a run that nobody else can be making.
  void clear_leftovers(const std::string& id) const;

  /// Removes what finished runs have no use for, where their workers or runner were killed after
  /// the result was there: checkpoints, and logs that say nothing.
  void clear_finished(const std::set<std::string>& ids) const;

  /// Whether runners are at work in that folder, and which: "process 123 on host", or "shard 1/3,
  /// process 123 on host; shard 2/3, …".
  static std::optional<std::string> runner_at(const std::filesystem::path& folder);
  /// The runners of other shards that are at work here, in the same words.
  std::optional<std::string> others() const;

 private:
  std::filesystem::path folder_;
  std::optional<Shard> shard_;
  std::vector<FileLock> locks_;
};

}  // namespace metriclab
