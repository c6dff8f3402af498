// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <fstream>
#include <map>
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
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point then) {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

/// One worker at a time.
struct Slot {
  Workplace* place = nullptr;
  bool lost = false;
  const PlannedRun* run = nullptr;
  Clock::time_point started;
  double done = 0;
  std::string stage, doing;
};

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
      : plan_(plan), store_(store), options_(options), show_(show), here_(options.command) {}

  Outcome run();

 private:
  bool missing(const PlannedRun& run) const;
  void serve(Slot& slot);
  void make(Slot& slot, const PlannedRun& run);
  std::optional<FileLock> claim(const PlannedRun& run) const;
  void lose(Slot& slot);
  bool nothing_left() const;
  Ending ending_of(const Slot& slot, const JobEnd& end) const;
  void hear(Slot& slot, std::string_view line);
  Progress progress() const;
  Job job(const PlannedRun& run, const Value& request) const;
  const PlannedRun* take(const Slot& free_slot);

  const Plan& plan_;
  const ResultStore& store_;
  const RunnerOptions& options_;
  const std::function<void(const Progress&)>& show_;
  LocalWorkplace here_;

  mutable std::mutex mutex_;  // over all that follows
  std::condition_variable changed_;
  std::vector<const PlannedRun*> queue_;  // not begun
  std::size_t total_ = 0, finished_ = 0;
  std::vector<Slot> slots_;
  RunCosts costs_;
  Clock::time_point began_ = Clock::now();
  Outcome outcome_;
  std::atomic<bool> stopping_ = false;
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

/// Paths are whole ones, since whoever makes it may stand in another folder.
Job Runner::job(const PlannedRun& run, const Value& request) const {
  const auto& settings = plan_.spec->settings;
  Job job{.request = to_json_text(request, -1),
          .threads = options_.threads,
          .time_limit = settings.limits.time_limit,
          .memory_limit = settings.limits.memory_limit,
          .result = fs::absolute(store_.result(run.id)),
          .checkpoints = fs::absolute(store_.checkpoints(run.id)),
          .model = {},
          .exhibit = fs::absolute(store_.exhibit(run.id)),
          .log = fs::absolute(store_.log(run.id)),
          .plugin_folders = {}};
  if (settings.save_models) job.model = fs::absolute(store_.model(run.id));
  for (const fs::path& folder : options_.plugin_folders)
    job.plugin_folders.push_back(fs::absolute(folder));
  return job;
}

/// Reads a worker's "DONE STAGE WHAT".
void Runner::hear(Slot& slot, std::string_view line) {
  double done = 0;
  const char* end = line.data() + line.size();
  const auto [stop, failure] = std::from_chars(line.data(), end, done);
  if (failure != std::errc() || stop == end || *stop != ' ') return;  // a plugin's own print
  const std::string_view rest(stop + 1, static_cast<std::size_t>(end - stop - 1));
  const std::size_t space = std::min(rest.find(' '), rest.size());
  const std::lock_guard lock(mutex_);
  slot.done = done;
  slot.stage = rest.substr(0, space);
  slot.doing = space < rest.size() ? rest.substr(space + 1) : "";
}

Ending Runner::ending_of(const Slot& slot, const JobEnd& end) const {
  const std::string during = slot.stage.empty() ? "before it began" : "during " + slot.stage;
  if (end.stopped == Stopped::time)
    return {"timed_out",
            fmt::format("stopped {} after {} s, its time limit", during,
                        *plan_.spec->settings.limits.time_limit),
            false};
  if (end.stopped == Stopped::memory)
    return {"out_of_memory",
            fmt::format("stopped {}: it took more than {} MiB of memory", during, end.memory_limit),
            false};
  if (end.signalled && (end.code == SIGKILL || end.code == SIGTERM))
    return {"crashed",
            fmt::format("killed from outside by signal {} {}; the same command tries again",
                        end.code, during),
            true};
  std::string reason =
      end.signalled
          ? fmt::format("ended by signal {} ({}) {}", end.code, ::strsignal(end.code), during)
          : fmt::format("ended with exit code {} and without a result {}", end.code, during);
  if (const std::string last = last_line(store_.log(slot.run->id)); !last.empty())
    reason += "; the last it said: " + last;
  return {"crashed", reason, false};
}

/// Among shards: waits for one that is making the same run. Nullopt where it is made then, or all
/// is to stop.
std::optional<FileLock> Runner::claim(const PlannedRun& run) const {
  for (bool waited = false; !stopping_; waited = true)
    if (auto claim = store_.claim(run.id))
      return waited && !missing(run) ? std::nullopt : std::move(claim);
  return std::nullopt;
}

void Runner::make(Slot& slot, const PlannedRun& run) {
  {
    const std::lock_guard lock(mutex_);
    slot.done = 0;
    slot.stage.clear();
    slot.doing.clear();
    slot.started = Clock::now();
  }
  std::optional<FileLock> claimed;
  if (store_.is_shared()) claimed = claim(run);
  if (stopping_ || (store_.is_shared() && !claimed)) {
    const std::lock_guard lock(mutex_);
    slot.run = nullptr;
    if (stopping_) return;
    --total_;
    ++outcome_.kept;
    return;
  }
  const Value request = request_of(plan_, run);
  std::error_code ignored;
  fs::remove(store_.result(run.id), ignored);
  const fs::path log = store_.log(run.id);
  if (const std::ofstream empty(log); !empty)
    throw FileError(fmt::format("{}: can't be written: {}", log.string(), std::strerror(errno)));
  const JobEnd end = slot.place->make(
      job(run, request), [&](std::string_view line) { hear(slot, line); }, stopping_);
  if (end.signalled || end.stopped != Stopped::no) store_.clear_leftovers(run.id);

  std::unique_lock lock(mutex_);
  const double seconds = seconds_since(slot.started);
  std::string ended, reason;
  double memory = 0;
  if (auto stored = store_.find(run.id)) {
    ended = stored->status;
    memory = stored->memory;
    // Where the worker was killed in between, its result is there and its checkpoints are too.
    fs::remove_all(store_.checkpoints(run.id), ignored);
    if (ended != "ok")
      if (const Value result = parse_json(read_file(store_.result(run.id)));
          result.at("reason").is_string())
        reason = result.at("reason").as_string();
  } else if (end.stopped == Stopped::interrupted) {
    slot.run = nullptr;
    return;
  } else if (end.stopped == Stopped::lost) {
    queue_.insert(queue_.begin(), &run);
    lose(slot);
    return;
  } else if (slot.stage == kUnwritten && !end.signalled && end.code == kUnwrittenExit) {
    throw FileError(slot.doing);
  } else {
    const Ending ending = ending_of(slot, end);
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

/// Tells it once for each place.
void Runner::lose(Slot& slot) {
  slot.run = nullptr;
  const bool told = std::ranges::any_of(
      slots_, [&](const Slot& other) { return other.lost && other.place == slot.place; });
  slot.lost = true;
  if (told) return;
  Progress now = progress();
  now.lost = slot.place->name();
  show_(now);
}

/// What runs elsewhere may yet come back.
bool Runner::nothing_left() const {
  return queue_.empty() && std::ranges::none_of(slots_, [&](const Slot& slot) {
           return slot.run != nullptr && slot.place != &here_;
         });
}

void Runner::serve(Slot& slot) {
  try {
    while (!slot.lost) {
      const PlannedRun* run = nullptr;
      {
        std::unique_lock lock(mutex_);
        const auto more = [&] {
          return stopping_ || nothing_left() || (run = take(slot)) != nullptr;
        };
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
const PlannedRun* Runner::take(const Slot& free_slot) {
  double free = static_cast<double>(free_slot.place->memory());
  bool alone = true;
  std::set<std::pair<std::size_t, std::size_t>> running;
  for (const Slot& slot : slots_)
    if (slot.run != nullptr) {
      if (slot.place->machine() == free_slot.place->machine()) {
        free -= costs_.memory(*slot.run);
        alone = false;
      }
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
  const auto working = std::ranges::count(slots_, false, &Slot::lost);
  if (known) now.seconds_left = left / static_cast<double>(working);
  return now;
}

Outcome Runner::run() {
  std::set<std::string> seen, finished;
  for (const PlannedRun& run : plan_.runs) {
    if (options_.only && !options_.only(run)) continue;
    if (!seen.insert(run.id).second) continue;  // the same run under two names is made once
    ++outcome_.planned;
    const auto stored = store_.find(run.id);
    const bool is_ok = stored && stored->status == "ok";
    if (is_ok) costs_.add(run, stored->seconds, stored->memory);
    if (missing(run)) {
      queue_.push_back(&run);
    } else {
      ++outcome_.kept;
      if (is_ok) finished.insert(run.id);
    }
  }
  total_ = queue_.size();
  store_.clear_finished(finished);
  if (queue_.empty()) return outcome_;
  if (store_.is_shared()) store_.clear_leftovers(seen);
  make_folder(store_.folder() / "logs");
  prepare_for_workers(options_.threads);

  std::vector<Workplace*> places(static_cast<std::size_t>(options_.jobs), &here_);
  places.insert(places.end(), options_.elsewhere.begin(), options_.elsewhere.end());
  slots_.resize(std::min(queue_.size(), places.size()));
  for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i].place = places[i];
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
