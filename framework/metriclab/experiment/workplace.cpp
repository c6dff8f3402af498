// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <boost/process.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <metriclab/experiment/environment.hpp>
#include <metriclab/experiment/workplace.hpp>
#include <metriclab/plugin/error.hpp>
#include <mutex>
#include <thread>

namespace metriclab {
namespace {

namespace fs = std::filesystem;
namespace bp = boost::process;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook{50};
// A plugin that prints without an end of line is not listened to for ever.
constexpr std::size_t kLongestLine = 1 << 16;

/// MiB in memory, 0 where that can't be told.
std::int64_t resident_memory(pid_t process) {
  std::ifstream stream(fmt::format("/proc/{}/statm", process));
  std::int64_t pages = 0, resident = 0;
  if (!(stream >> pages >> resident)) return 0;
  return resident * ::sysconf(_SC_PAGESIZE) >> 20;
}

std::vector<std::string> arguments(const Job& job, std::int64_t memory_limit) {
  std::vector<std::string> all = {"worker",
                                  "--threads",
                                  std::to_string(job.threads),
                                  "--memory-limit",
                                  std::to_string(memory_limit),
                                  "--parent",
                                  std::to_string(::getpid()),
                                  "--result",
                                  job.result.string(),
                                  "--checkpoints",
                                  job.checkpoints.string(),
                                  "--exhibit",
                                  job.exhibit.string()};
  if (!job.model.empty()) all.insert(all.end(), {"--model", job.model.string()});
  for (const fs::path& folder : job.plugin_folders)
    all.insert(all.end(), {"--plugin-path", folder.string()});
  return all;
}

/// Ends a worker that is beyond its limits, once.
class Watch {
 public:
  Watch(pid_t process, const Job& job, const std::atomic<bool>& stop, JobEnd& end)
      : process_(process), job_(job), stop_(stop), end_(end) {}

  void look() {
    if (end_.stopped != Stopped::no) return;
    const Clock::time_point now = Clock::now();
    if (now - looked_ < kLook) return;
    looked_ = now;
    const std::chrono::duration<double> passed = now - began_;
    if (stop_)
      end_.stopped = Stopped::interrupted;
    else if (job_.time_limit && passed.count() > *job_.time_limit)
      end_.stopped = Stopped::time;
    else if (resident_memory(process_) > end_.memory_limit)
      end_.stopped = Stopped::memory;
    if (end_.stopped != Stopped::no) ::kill(process_, SIGKILL);
  }

 private:
  pid_t process_;
  const Job& job_;
  const std::atomic<bool>& stop_;
  JobEnd& end_;
  Clock::time_point began_ = Clock::now(), looked_ = began_;
};

/// All of it, unless the other side is gone. (Boost's stream ends this process where it is gone.)
void say(int to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(to, text.data(), text.size());
    if (count < 0 && errno != EINTR) return;
    text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  }
}

/// Hands on whole lines until the other end is closed.
void listen(int from, const Workplace::Hear& hear, Watch& watch) {
  std::string text;
  std::array<char, 4096> part{};
  for (;;) {
    pollfd is{.fd = from, .events = POLLIN, .revents = 0};
    if (::poll(&is, 1, static_cast<int>(kLook.count())) > 0) {
      const ssize_t count = ::read(from, part.data(), part.size());
      if (count == 0 || (count < 0 && errno != EINTR)) return;
      text.append(part.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
      std::size_t begin = 0;
      for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
        hear(std::string_view(text).substr(begin, end - begin));
      text.erase(0, begin);
      if (text.size() > kLongestLine) text.clear();
    }
    watch.look();
  }
}

}  // namespace

Workplace::~Workplace() = default;

void prepare_for_workers(int threads) {
  // BLAS and OpenMP of the workers read these when they are loaded; threads that wait must not
  // spin, since other workers need their cores. (Boost's own environment reads beyond its strings.)
  for (const char* name : {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"})
    ::setenv(name, std::to_string(threads).c_str(), 1);
  ::setenv("OMP_WAIT_POLICY", "PASSIVE", 1);
  std::signal(SIGPIPE, SIG_IGN);  // a worker that dies before it has read its request
}

LocalWorkplace::LocalWorkplace(fs::path command)
    : command_(std::move(command)), machine_(host_name()), memory_(machine_memory() * 9 / 10) {}

JobEnd LocalWorkplace::make(const Job& job, const Hear& hear, const std::atomic<bool>& stop) {
  JobEnd end{.memory_limit = job.memory_limit.value_or(memory_)};
  std::error_code failed;
  fs::create_directories(job.log.parent_path(), failed);
  fs::remove(job.log, failed);  // it is written over, not made shorter
  std::optional<bp::pipe> to_worker, from_worker;
  std::optional<bp::child> worker;
  {
    // So that no worker inherits the ends of another's pipe.
    static std::mutex starting;
    const std::lock_guard lock(starting);
    to_worker.emplace();
    from_worker.emplace();
    worker.emplace(command_.string(), bp::args = arguments(job, end.memory_limit),
                   bp::std_in<*to_worker, bp::std_out> * from_worker,
                   bp::std_err > job.log.string(), failed);
  }
  if (failed)
    throw Error(
        fmt::format("{}: can't be started as a worker: {}", command_.string(), failed.message()));
  Watch watch(worker->id(), job, stop, end);
  say(to_worker->native_sink(), job.request + "\n");
  listen(from_worker->native_source(), hear, watch);
  // It may have closed its end and go on.
  while (worker->running(failed) && !failed) {
    watch.look();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const int status = worker->native_exit_code();
  end.signalled = WIFSIGNALED(status);
  end.code = end.signalled ? WTERMSIG(status) : WEXITSTATUS(status);
  return end;
}

Value to_value(const Job& job) {
  Value value = Value::object();
  value.set("request", job.request);
  value.set("threads", job.threads);
  value.set("time_limit", job.time_limit ? Value(*job.time_limit) : Value());
  value.set("memory_limit", job.memory_limit ? Value(*job.memory_limit) : Value());
  value.set("result", job.result.string());
  value.set("checkpoints", job.checkpoints.string());
  value.set("model", job.model.string());
  value.set("exhibit", job.exhibit.string());
  value.set("log", job.log.string());
  Value::List folders;
  for (const fs::path& folder : job.plugin_folders) folders.emplace_back(folder.string());
  value.set("plugin_folders", Value(std::move(folders)));
  return value;
}

Job job_from_value(const Value& value) {
  const Value &time = value.at("time_limit"), &memory = value.at("memory_limit");
  Job job{.request = value.at("request").as_string(),
          .threads = static_cast<int>(value.at("threads").as_integer()),
          .result = value.at("result").as_string(),
          .checkpoints = value.at("checkpoints").as_string(),
          .model = value.at("model").as_string(),
          .exhibit = value.at("exhibit").as_string(),
          .log = value.at("log").as_string(),
          .plugin_folders = {}};
  if (!time.is_null()) job.time_limit = time.as_number();
  if (!memory.is_null()) job.memory_limit = memory.as_integer();
  for (const Value& folder : value.at("plugin_folders").as_list())
    job.plugin_folders.emplace_back(folder.as_string());
  return job;
}

Value to_value(const JobEnd& end) {
  Value value = Value::object();
  value.set("stopped", static_cast<std::int64_t>(end.stopped));
  value.set("signalled", end.signalled);
  value.set("code", end.code);
  value.set("memory_limit", end.memory_limit);
  return value;
}

JobEnd job_end_from_value(const Value& value) {
  return {.stopped = static_cast<Stopped>(value.at("stopped").as_integer()),
          .signalled = value.at("signalled").as_boolean(),
          .code = static_cast<int>(value.at("code").as_integer()),
          .memory_limit = value.at("memory_limit").as_integer()};
}

}  // namespace metriclab
