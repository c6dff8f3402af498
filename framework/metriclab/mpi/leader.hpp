// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <metriclab/experiment/ranks.hpp>
#include <metriclab/mpi/post.hpp>
#include <mutex>
#include <optional>
#include <thread>

namespace metriclab::mpi {

/// Rank 0: hands out runs to the others, and notices when one is lost.
class Leader final : public Ranks {
 public:
  explicit Leader(const RanksOptions& options);
  ~Leader() override;
  bool leads() const override { return true; }
  int jobs() const override { return jobs_; }
  std::vector<Workplace*> places() override;
  bool serve(const std::atomic<bool>&) override { return true; }
  /// Lets the others go; whether some are lost, so that MPI can't be left in the regular way.
  bool end();

 private:
  using Clock = std::chrono::steady_clock;
  class Place;
  struct Rank {
    std::optional<RankMachine> machine;  // once it has said so
    bool lost = false;
    Clock::time_point heard = Clock::now();
    std::unique_ptr<Place> place;
    int jobs = 0;
  };
  /// A run that a rank has.
  struct Task {
    int rank = 0;
    const Workplace::Hear* hear = nullptr;
    std::optional<Value> answer;
  };

  void talk();
  void hear(int rank, const Value& message);
  void lose(int rank);
  JobEnd make(int rank, const Job& job, const Workplace::Hear& hear, const std::atomic<bool>& stop);

  RanksOptions options_;
  int jobs_ = 1;
  Post post_;
  mutable std::mutex mutex_;  // over what follows
  std::condition_variable changed_;
  std::map<int, Rank> ranks_;  // all but 0
  std::map<std::int64_t, Task> tasks_;
  std::int64_t next_ = 0;
  bool over_ = false;
  std::thread talker_;
};

}  // namespace metriclab::mpi
