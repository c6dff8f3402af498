// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>
#include <metriclab/mpi/follower.hpp>
#include <metriclab/mpi/messages.hpp>

namespace metriclab::mpi {

using Clock = std::chrono::steady_clock;

Follower::Follower(const RanksOptions& options) : options_(options), here_(options.command) {
  prepare_for_workers(options.threads);
  Value hello = message(kHello);
  hello.set("machine", to_value(this_machine()));
  post_.send(0, std::move(hello));
}

Follower::~Follower() { end(); }

bool Follower::end() {
  for (Task& task : tasks_) task.stop = true;
  for (Task& task : tasks_) task.thread.join();
  tasks_.clear();
  return lost_;
}

bool Follower::serve(const std::atomic<bool>& interrupted) {
  Clock::time_point heard = Clock::now(), beat;
  const std::chrono::duration<double> timeout(options_.timeout);
  while (!over_) {
    post_.turn([&](int, const Value& message) {
      heard = Clock::now();
      hear(message);
    });
    tasks_.remove_if([](Task& task) {
      if (!task.done) return false;
      task.thread.join();
      return true;
    });
    const Clock::time_point now = Clock::now();
    if (now - heard > timeout) return false;
    if (interrupted) {
      post_.send(0, message(kLeaving));
      // Rank 0 may be on its way out as well.
      while (!post_.is_empty({}) && Clock::now() - now < beats(options_.timeout)) {
        post_.turn([](int, const Value&) {});
        std::this_thread::sleep_for(kTurn);
      }
      return false;
    }
    if (now - beat > beats(options_.timeout)) {
      beat = now;
      post_.send(0, message(kBeat));
    }
    std::this_thread::sleep_for(kTurn);
  }
  return true;
}

void Follower::hear(const Value& message) {
  const std::string& what = message.at("what").as_string();
  if (what == kMake) {
    begin(message.at("task").as_integer(), job_from_value(message.at("job")));
  } else if (what == kStop) {
    for (Task& task : tasks_)
      if (task.number == message.at("task").as_integer()) task.stop = true;
  } else if (what == kOver) {
    over_ = true;
    lost_ = message.at("lost").as_boolean();
  }
}

void Follower::begin(std::int64_t number, Job job) {
  Task& task = tasks_.emplace_back();
  task.number = number;
  // The thread lives as long as its worker, which ends with the thread that has started it.
  task.thread = std::thread([this, &task, job = std::move(job)] { make(task, job); });
}

void Follower::make(Task& task, const Job& job) {
  Value answer = message(kEnded, task.number);
  try {
    const auto hear = [&](std::string_view line) {
      Value said = message(kSaid, task.number);
      said.set("line", std::string(line));
      post_.send(0, std::move(said));
    };
    answer.set("end", to_value(here_.make(job, hear, task.stop)));
  } catch (const std::exception& error) {
    answer.set("failure", std::string(error.what()));
  }
  post_.send(0, std::move(answer));
  task.done = true;
}

}  // namespace metriclab::mpi
