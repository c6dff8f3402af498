// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <list>
#include <metriclab/experiment/ranks.hpp>
#include <metriclab/mpi/post.hpp>
#include <thread>

namespace metriclab::mpi {

/// Any rank but 0: makes the runs that rank 0 sends.
class Follower final : public Ranks {
 public:
  explicit Follower(const RanksOptions& options);
  ~Follower() override;
  bool leads() const override { return false; }
  int jobs() const override { return 0; }
  std::vector<Workplace*> places() override { return {}; }
  bool serve(const std::atomic<bool>& interrupted) override;
  /// Ends what runs; whether MPI is to be left without its farewell.
  bool end();

 private:
  /// A run that is being made.
  struct Task {
    std::int64_t number = 0;
    std::atomic<bool> stop = false, done = false;
    std::thread thread;
  };

  void hear(const Value& message);
  void begin(std::int64_t number, Job job);
  void make(Task& task, const Job& job);

  RanksOptions options_;
  LocalWorkplace here_;
  Post post_;
  std::list<Task> tasks_;
  bool over_ = false, lost_ = true;
};

}  // namespace metriclab::mpi
