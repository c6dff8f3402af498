// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/process.hpp>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <fstream>
#include <map>
#include <metriclab/experiment/environment.hpp>
#include <metriclab/experiment/run.hpp>
#include <metriclab/experiment/run_costs.hpp>
#include <metriclab/experiment/runner.hpp>
#include <metriclab/experiment/worker.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

namespace metriclab {
namespace {

namespace fs = std::filesystem;
namespace bp = boost::process;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point then) {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

/// Why a worker was ended by the runner.
enum class Stopped { no, time, memory, interrupted };

/// One worker at a time.
struct Slot {
  const PlannedRun* run = nullptr;
  pid_t process = 0;  // 0 where nothing runs
  Stopped stopped = Stopped::no;
  Clock::time_point started;
  double done = 0;
  std::string stage, doing;
};

/// MiB in memory, 0 where that can't be told.
std::int64_t resident_memory(pid_t process) {
  std::ifstream stream(fmt::format("/proc/{}/statm", process));
  std::int64_t pages = 0, resident = 0;
  if (!(stream >> pages >> resident)) return 0;
  return resident * ::sysconf(_SC_PAGESIZE) >> 20;
}

/// The last line that is not blank, of the end of a file.
std::string last_line(const fs::path& file) {
  constexpr std::streamoff kEnd = 4096;
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  if (!stream) return "";
  const std::streamoff size = stream.tellg();
  stream.seekg(std::max<std::streamoff>(0, size - kEnd));
  std::string last;
  for (std::string line; std::getline(stream, line);)
    if (line.find_first_not_of(" \t\r") != std::string::npos) last = line;
  return last;
}

class Runner {
 public:
  Runner(const Plan& plan, const ResultStore& store, const RunnerOptions& options,
         const std::function<void(const Progress&)>& show)
      : plan_(plan), store_(store), options_(options), show_(show) {
    const Limits& limits = plan.spec->settings.limits;
    time_limit_ = limits.time_limit;
    memory_limit_ = limits.memory_limit.value_or(memory_);
  }

  Outcome run();

 private:
  bool missing(const PlannedRun& run) const;
  void serve(Slot& slot);
  void make(Slot& slot, const PlannedRun& run);
  Ending ending_of(const Slot& slot, int exit_code, bool signalled) const;
  void listen(Slot& slot, std::istream& lines);
  void watch(Slot& slot);
  Progress progress() const;
  std::vector<std::string> arguments(const PlannedRun& run) const;
  const PlannedRun* take();

  const Plan& plan_;
  const ResultStore& store_;
  const RunnerOptions& options_;
  const std::function<void(const Progress&)>& show_;
  std::optional<double> time_limit_;
  const std::int64_t memory_ = machine_memory() * 9 / 10;  // for all
  std::int64_t memory_limit_ = 0;                          // of each

  mutable std::mutex mutex_;  // over all that follows
  std::condition_variable changed_;
  std::vector<const PlannedRun*> queue_;  // not begun
  std::size_t total_ = 0, finished_ = 0;
  std::vector<Slot> slots_;
  RunCosts costs_;
  Clock::time_point began_ = Clock::now();
  Outcome outcome_;
  bool stopping_ = false;
  std::exception_ptr failure_;  // of the runner itself: a full disk, say
};

bool Runner::missing(const PlannedRun& run) const {
  const auto stored = store_.find(run.id);
  if (!stored || stored->from_outside) return true;
  std::error_code ignored;
  const SpecSettings& settings = plan_.spec->settings;
  if (stored->status == "ok")
    return (settings.save_models && !fs::exists(store_.model(run.id), ignored)) ||
           (settings.exhibit && exhibit_size(plan_, run) > 0 &&
            !fs::exists(store_.exhibit(run.id), ignored));
  return stored->status != "skipped" && options_.retry_failed;
}

std::vector<std::string> Runner::arguments(const PlannedRun& run) const {
  std::vector<std::string> arguments = {"worker",
                                        "--threads",
                                        std::to_string(options_.threads),
                                        "--memory-limit",
                                        std::to_string(memory_limit_),
                                        "--parent",
                                        std::to_string(::getpid()),
                                        "--result",
                                        store_.result(run.id).string(),
                                        "--checkpoints",
                                        store_.checkpoints(run.id).string(),
                                        "--exhibit",
                                        store_.exhibit(run.id).string()};
  if (plan_.spec->settings.save_models) {
    arguments.emplace_back("--model");
    arguments.push_back(store_.model(run.id).string());
  }
  for (const fs::path& folder : options_.plugin_folders) {
    arguments.emplace_back("--plugin-path");
    arguments.push_back(folder.string());
  }
  return arguments;
}

/// Reads a worker's lines until it closes its end.
void Runner::listen(Slot& slot, std::istream& lines) {
  for (std::string line; std::getline(lines, line);) {
    double done = 0;
    const char* end = line.data() + line.size();
    const auto [stop, failure] = std::from_chars(line.data(), end, done);
    if (failure != std::errc() || stop == end || *stop != ' ') continue;  // a plugin's own print
    const std::string_view rest(stop + 1, static_cast<std::size_t>(end - stop - 1));
    const std::size_t space = std::min(rest.find(' '), rest.size());
    const std::lock_guard lock(mutex_);
    slot.done = done;
    slot.stage = rest.substr(0, space);
    slot.doing = space < rest.size() ? rest.substr(space + 1) : "";
  }
}

Ending Runner::ending_of(const Slot& slot, int exit_code, bool signalled) const {
  const std::string during = slot.stage.empty() ? "before it began" : "during " + slot.stage;
  if (slot.stopped == Stopped::time)
    return {"timed_out", fmt::format("stopped {} after {} s, its time limit", during, *time_limit_),
            false};
  if (slot.stopped == Stopped::memory)
    return {"out_of_memory",
            fmt::format("stopped {}: it took more than {} MiB of memory", during, memory_limit_),
            false};
  if (signalled && (exit_code == SIGKILL || exit_code == SIGTERM))
    return {"crashed",
            fmt::format("killed from outside by signal {} {}; the same command tries again",
                        exit_code, during),
            true};
  std::string reason =
      signalled
          ? fmt::format("ended by signal {} ({}) {}", exit_code, ::strsignal(exit_code), during)
          : fmt::format("ended with exit code {} and without a result {}", exit_code, during);
  if (const std::string last = last_line(store_.log(slot.run->id)); !last.empty())
    reason += "; the last it said: " + last;
  return {"crashed", reason, false};
}

void Runner::make(Slot& slot, const PlannedRun& run) {
  const Value request = request_of(plan_, run);
  std::error_code ignored;
  fs::remove(store_.result(run.id), ignored);
  const fs::path log = store_.log(run.id);
  if (const std::ofstream empty(log); !empty)
    throw FileError(fmt::format("{}: can't be written: {}", log.string(), std::strerror(errno)));

  bp::opstream to_worker;
  bp::ipstream from_worker;
  std::error_code failed;
  std::optional<bp::child> worker;
  {
    // Under the lock, so that no worker inherits the ends of another's pipe.
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      slot.run = nullptr;
      return;
    }
    slot.stopped = Stopped::no;
    slot.done = 0;
    slot.stage.clear();
    slot.doing.clear();
    slot.started = Clock::now();
    worker.emplace(options_.command.string(), bp::args = arguments(run),
                   bp::std_in<to_worker, bp::std_out> from_worker, bp::std_err > log.string(),
                   failed);
    if (!failed) slot.process = worker->id();
  }
  if (failed)
    throw Error(fmt::format("{}: can't be started as a worker: {}", options_.command.string(),
                            failed.message()));
  to_worker << to_json_text(request, -1) << std::endl;
  listen(slot, from_worker);
  worker->wait(failed);
  const int status = worker->native_exit_code();
  const bool signalled = WIFSIGNALED(status);
  const int code = signalled ? WTERMSIG(status) : WEXITSTATUS(status);

  std::unique_lock lock(mutex_);
  slot.process = 0;
  const double seconds = seconds_since(slot.started);
  std::string ended, reason;
  double memory = 0;
  if (auto stored = store_.find(run.id)) {
    ended = stored->status;
    memory = stored->memory;
    if (ended != "ok")
      if (const Value result = parse_json(read_file(store_.result(run.id)));
          result.at("reason").is_string())
        reason = result.at("reason").as_string();
  } else if (slot.stopped == Stopped::interrupted) {
    slot.run = nullptr;
    return;
  } else if (slot.stage == kUnwritten && !signalled && code == kUnwrittenExit) {
    throw FileError(slot.doing);
  } else {
    const Ending ending = ending_of(slot, code, signalled);
    store_.write(run.id, result_of(request, ending, options_.threads));
    ended = ending.status;
    reason = ending.reason;
  }
  if (fs::file_size(log, ignored) == 0) fs::remove(log, ignored);
  costs_.add(run, seconds, memory);
  ++finished_;
  ++(ended == "ok" ? outcome_.ok : ended == "skipped" ? outcome_.skipped : outcome_.failed);
  slot.run = nullptr;
  Progress now = progress();
  now.ended = &run;
  now.status = std::move(ended);
  now.reason = std::move(reason);
  now.seconds = seconds;
  show_(now);
}

void Runner::serve(Slot& slot) {
  try {
    for (;;) {
      const PlannedRun* run = nullptr;
      {
        std::unique_lock lock(mutex_);
        const auto more = [&] { return stopping_ || queue_.empty() || (run = take()) != nullptr; };
        changed_.wait(lock, more);
        if (run == nullptr) break;
        slot.run = run;
      }
      make(slot, *run);
      changed_.notify_all();
    }
  } catch (const FileError& error) {
    // Those that run may have been long at it, and find room by then.
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
    queue_.clear();
    const PlannedRun* run = std::exchange(slot.run, nullptr);
    Progress now = progress();
    now.ended = run;
    now.status = kUnwritten;
    now.reason = error.what();
    show_(now);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    failure_ = std::current_exception();
    slot.run = nullptr;
    stopping_ = true;
  }
  changed_.notify_all();
}

/// The next run, out of the queue; nullptr where it is better to wait. One worker takes them in the
/// plan's order, for nothing is gained by another. Else first one of each kind that
/// nothing is known of; then what takes longest, so that no long one is left for the end. What
/// needs more memory than the others leave waits.
const PlannedRun* Runner::take() {
  double free = static_cast<double>(memory_);
  bool alone = true;
  std::set<std::pair<std::size_t, std::size_t>> running;
  for (const Slot& slot : slots_)
    if (slot.run != nullptr) {
      free -= costs_.memory(*slot.run);
      alone = false;
      running.insert({slot.run->dataset, slot.run->method});
    }
  // (group, seconds): the lowest group comes first, and in it the longest.
  const auto priority = [&](const PlannedRun& run) {
    const bool known = costs_.knows(run);
    const int group = known ? 1 : running.contains({run.dataset, run.method}) ? 2 : 0;
    return std::pair{group, group == 1 ? -*costs_.seconds(run) : 0.0};
  };
  auto best = slots_.size() == 1 ? queue_.begin() : queue_.end();
  for (auto at = queue_.begin(); at != queue_.end(); ++at) {
    if (slots_.size() == 1 || (!alone && costs_.memory(**at) > free)) continue;
    if (best == queue_.end() || priority(**at) < priority(**best)) best = at;
  }
  if (best == queue_.end()) return nullptr;
  const PlannedRun* run = *best;
  queue_.erase(best);
  return run;
}

Progress Runner::progress() const {
  // Of a run that is well under way more is known than of those before it.
  constexpr double kUnderWay = 0.05;
  RunCosts costs = costs_;
  for (const Slot& slot : slots_)
    if (slot.run != nullptr && slot.done > kUnderWay)
      costs.add(*slot.run, seconds_since(slot.started) / slot.done, 0);
  Progress now;
  now.total = total_;
  now.finished = finished_;
  double left = 0;
  bool known = true;
  auto count = [&](const PlannedRun& run, double part) {
    const auto seconds = costs.seconds(run);
    known = known && seconds;
    if (seconds) left += *seconds * part;
  };
  for (const Slot& slot : slots_)
    if (slot.run != nullptr) {
      std::string doing = slot.doing.empty() ? slot.stage : slot.doing;
      now.running.push_back({slot.run, slot.done, std::move(doing)});
      count(*slot.run, 1 - slot.done);
    }
  for (const PlannedRun* run : queue_) count(*run, 1);
  if (known) now.seconds_left = left / static_cast<double>(slots_.size());
  return now;
}

/// Ends a worker that is beyond its limits.
void Runner::watch(Slot& slot) {
  if (slot.process == 0) return;
  Stopped why = Stopped::no;
  if (stopping_)
    why = Stopped::interrupted;
  else if (time_limit_ && seconds_since(slot.started) > *time_limit_)
    why = Stopped::time;
  else if (resident_memory(slot.process) > memory_limit_)
    why = Stopped::memory;
  if (why == Stopped::no) return;
  slot.stopped = why;
  ::kill(slot.process, SIGKILL);
}

Outcome Runner::run() {
  std::set<std::string> seen;
  for (const PlannedRun& run : plan_.runs) {
    if (!seen.insert(run.id).second) continue;  // the same run under two names is made once
    ++outcome_.planned;
    if (const auto stored = store_.find(run.id); stored && stored->status == "ok")
      costs_.add(run, stored->seconds, stored->memory);
    if (missing(run))
      queue_.push_back(&run);
    else
      ++outcome_.kept;
  }
  total_ = queue_.size();
  if (queue_.empty()) return outcome_;
  make_folder(store_.folder() / "logs");
  // BLAS and OpenMP of the workers read these when they are loaded; threads that wait must not
  // spin, since other workers need their cores. (Boost's own environment reads beyond its strings.)
  for (const char* name : {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"})
    ::setenv(name, std::to_string(options_.threads).c_str(), 1);
  ::setenv("OMP_WAIT_POLICY", "PASSIVE", 1);
  std::signal(SIGPIPE, SIG_IGN);  // a worker that dies before it has read its request

  slots_.resize(std::min(queue_.size(), static_cast<std::size_t>(options_.jobs)));
  std::vector<std::thread> servers;
  for (Slot& slot : slots_) servers.emplace_back([this, &slot] { serve(slot); });
  constexpr std::chrono::milliseconds kLook{50};
  std::unique_lock lock(mutex_);
  auto busy = [&] {
    const bool none_runs = std::none_of(slots_.begin(), slots_.end(),
                                        [](const Slot& slot) { return slot.run != nullptr; });
    return !(none_runs && (stopping_ || queue_.empty()));
  };
  while (busy()) {
    changed_.wait_for(lock, kLook);
    if (options_.interrupted != nullptr && *options_.interrupted && !stopping_) {
      stopping_ = true;
      outcome_.interrupted = true;
      changed_.notify_all();
    }
    if (options_.time_limit && seconds_since(began_) > *options_.time_limit && !stopping_) {
      stopping_ = true;
      outcome_.out_of_time = true;
      changed_.notify_all();
    }
    for (Slot& slot : slots_) watch(slot);
    if (busy() && !stopping_) show_(progress());
  }
  lock.unlock();
  for (std::thread& server : servers) server.join();
  try {
    if (failure_) std::rethrow_exception(failure_);
  } catch (const FileError& error) {
    throw FileError(fmt::format("{}; what is finished is kept, and the same command makes the rest",
                                error.what()));
  }
  return outcome_;
}

}  // namespace

Outcome make_runs(const Plan& plan, const ResultStore& store, const RunnerOptions& options,
                  const std::function<void(const Progress&)>& show) {
  return Runner(plan, store, options, show).run();
}

}  // namespace metriclab
