// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/mpi/leader.hpp>
#include <metriclab/mpi/messages.hpp>
#include <metriclab/plugin/error.hpp>

namespace metriclab::mpi {
namespace {

namespace fs = std::filesystem;

/// A file system over a network may show what another machine has written a while later; reading
/// the folder makes NFS ask.
void await(const fs::path& result) {
  constexpr std::chrono::seconds kLongest{60};
  constexpr std::chrono::milliseconds kBetween{100};
  const auto until = std::chrono::steady_clock::now() + kLongest;
  std::error_code ignored;
  while (!fs::exists(result, ignored) && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(kBetween);
    for (const auto& entry : fs::directory_iterator(result.parent_path(), ignored))
      if (entry.path() == result) return;
  }
}

}  // namespace

class Leader::Place final : public Workplace {
 public:
  Place(Leader& leader, int rank, RankMachine machine)
      : leader_(leader), rank_(rank), machine_(std::move(machine)) {}
  JobEnd make(const Job& job, const Hear& hear, const std::atomic<bool>& stop) override {
    return leader_.make(rank_, job, hear, stop);
  }
  std::string name() const override { return fmt::format("rank {} on {}", rank_, machine_.host); }
  const std::string& machine() const override { return machine_.host; }
  std::int64_t memory() const override { return machine_.memory * 9 / 10; }

 private:
  Leader& leader_;
  int rank_;
  RankMachine machine_;
};

Leader::Leader(const RanksOptions& options) : options_(options) {
  for (int rank = 1; rank < post_.size(); ++rank) ranks_[rank];
  talker_ = std::thread([this] { talk(); });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    return std::ranges::all_of(ranks_,
                               [](const auto& is) { return is.second.machine || is.second.lost; });
  });
  std::vector<RankMachine> machines = {this_machine()};
  for (const auto& [rank, is] : ranks_) machines.push_back(is.machine.value_or(RankMachine()));
  std::vector<int> jobs = shared_out(machines, options_.threads);
  if (options_.jobs > 0) std::ranges::fill(jobs, options_.jobs);
  jobs_ = jobs.front();
  for (auto& [rank, is] : ranks_) {
    if (!is.machine) continue;
    is.jobs = jobs[static_cast<std::size_t>(rank)];
    is.place = std::make_unique<Place>(*this, rank, *is.machine);
  }
}

Leader::~Leader() { end(); }

bool Leader::end() {
  const auto has_lost = [&] {
    return std::ranges::any_of(ranks_, [](const auto& is) { return is.second.lost; });
  };
  {
    const std::lock_guard lock(mutex_);
    if (!over_)
      for (const auto& [rank, is] : ranks_) post_.send(rank, message_over(has_lost()));
    over_ = true;
  }
  if (talker_.joinable()) talker_.join();
  return has_lost();
}

std::vector<Workplace*> Leader::places() {
  const std::lock_guard lock(mutex_);
  std::vector<Workplace*> places;
  // In turns, so that few runs are spread over many machines.
  for (int round = 0;; ++round) {
    const std::size_t before = places.size();
    for (const auto& [rank, is] : ranks_)
      if (is.place && !is.lost && round < is.jobs) places.push_back(is.place.get());
    if (places.size() == before) return places;
  }
}

/// The thread that speaks MPI.
void Leader::talk() {
  Clock::time_point beat;
  for (;;) {
    post_.turn([&](int rank, const Value& message) { hear(rank, message); });
    const Clock::time_point now = Clock::now();
    {
      const std::lock_guard lock(mutex_);
      std::set<int> lost;
      for (const auto& [rank, is] : ranks_) {
        if (!is.lost && now - is.heard > std::chrono::duration<double>(options_.timeout))
          lose(rank);
        if (is.lost) lost.insert(rank);
      }
      if (over_ && post_.is_empty(lost)) return;
      if (now - beat > beats(options_.timeout)) {
        beat = now;
        for (const auto& [rank, is] : ranks_)
          if (!is.lost && !over_) post_.send(rank, message(kBeat));
      }
    }
    std::this_thread::sleep_for(kTurn);
  }
}

void Leader::hear(int rank, const Value& message) {
  const std::lock_guard lock(mutex_);
  Rank& from = ranks_.at(rank);
  const std::string& what = message.at("what").as_string();
  if (from.lost) {  // it was silent for too long; others have its runs
    if (!over_ && what == kBeat) post_.send(rank, message_over(true));
    return;
  }
  from.heard = Clock::now();
  if (what == kHello) {
    from.machine = rank_machine_from_value(message.at("machine"));
    changed_.notify_all();
  } else if (what == kLeaving) {
    lose(rank);
  } else if (what != kBeat) {
    const auto task = tasks_.find(message.at("task").as_integer());
    if (task == tasks_.end()) return;
    if (what == kSaid) {
      (*task->second.hear)(message.at("line").as_string());
    } else {
      task->second.answer = message;
      changed_.notify_all();
    }
  }
}

/// Under the lock.
void Leader::lose(int rank) {
  ranks_.at(rank).lost = true;
  changed_.notify_all();
}

JobEnd Leader::make(int rank, const Job& job, const Workplace::Hear& hear,
                    const std::atomic<bool>& stop) {
  constexpr std::chrono::milliseconds kLook{50};
  std::unique_lock lock(mutex_);
  const std::int64_t number = ++next_;
  Task& task = tasks_[number];
  task = {.rank = rank, .hear = &hear, .answer = std::nullopt};
  post_.send(rank, message_make(number, job));
  for (bool told = false; !task.answer && !ranks_.at(rank).lost;) {
    changed_.wait_for(lock, kLook);
    if (!stop || told) continue;
    told = true;
    post_.send(rank, message(kStop, number));
  }
  const std::optional<Value> answer = std::move(task.answer);
  tasks_.erase(number);
  lock.unlock();
  if (!answer) return {.stopped = Stopped::lost};
  if (const Value* failure = answer->find("failure"))
    throw Error(fmt::format("rank {}: {}", rank, failure->as_string()));
  const JobEnd end = job_end_from_value(answer->at("end"));
  if (end.stopped == Stopped::no && !end.signalled && end.code == 0) await(job.result);
  return end;
}

}  // namespace metriclab::mpi
