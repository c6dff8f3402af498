// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <filesystem>
#include <metriclab/experiment/workplace.hpp>
#include <set>
#include <string>
#include <vector>

namespace metriclab {

/// What a rank of an MPI job says of itself.
struct RankMachine {
  std::string host;
  std::set<int> cores;      // that it may use
  std::int64_t memory = 0;  // MiB, of the machine
};
RankMachine this_machine();
Value to_value(const RankMachine& is);
RankMachine rank_machine_from_value(const Value& value);

/// How many workers each rank has at a time, with that many threads each, so that the ranks of one
/// machine use each of its cores once; at least one.
std::vector<int> shared_out(const std::vector<RankMachine>& ranks, int threads);

struct RanksOptions {
  int jobs = 0;  // workers of each rank; 0: as many as cores allow
  int threads = 1;
  double timeout = 60;            // seconds of silence after which a rank is lost
  std::filesystem::path command;  // what to start as a worker
};

/// The processes of an MPI job, as one of them sees it. Rank 0 hands out runs; the others make
/// them. All are let go with it.
class Ranks {
 public:
  virtual ~Ranks();
  virtual bool leads() const = 0;

  /// Rank 0: how many workers it has itself.
  virtual int jobs() const = 0;
  /// Rank 0: the other ranks that are there, each as often as it has workers.
  virtual std::vector<Workplace*> places() = 0;

  /// The others: make what rank 0 asks for, until it lets them go, is not heard of any more, or
  /// `interrupted` is true. False in the latter two cases.
  virtual bool serve(const std::atomic<bool>& interrupted) = 0;
};

/// What the module metriclab_mpi exports as "metriclab_join_ranks": called once by every rank.
using JoinRanks = Ranks*(const RanksOptions&);

}  // namespace metriclab
