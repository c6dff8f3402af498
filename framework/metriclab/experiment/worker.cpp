// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <iostream>
#include <metriclab/experiment/run.hpp>
#include <metriclab/experiment/run_mark.hpp>
#include <metriclab/experiment/worker.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/plugin/plugin.hpp>
#include <optional>

namespace metriclab {
namespace {

namespace fs = std::filesystem;

/// Allocations fail before the machine runs out. The limit on address space is wider than the one
/// the runner enforces on resident memory, since untouched stacks and buffers count here.
void limit_memory(std::int64_t mib) {
  constexpr std::int64_t kSlackMiB = 1024;
  struct rlimit limit {};
  limit.rlim_cur = limit.rlim_max = static_cast<rlim_t>(mib + kSlackMiB) << 20;
  ::setrlimit(RLIMIT_DATA, &limit);
}

/// Where the kernel has to choose, it ends a worker and not the runner.
void volunteer_for_out_of_memory() { std::ofstream("/proc/self/oom_score_adj") << 500; }

/// Reads the request, makes its run, and writes the result.
void make_run(const WorkerOptions& options, Registry& registry) {
  std::string line;
  std::getline(std::cin, line);
  const Value request = parse_json(line);
  std::optional<RunMark> mark;
  if (!options.checkpoints.empty()) mark.emplace(options.checkpoints);
  if (!options.model.empty()) make_folder(options.model.parent_path());

  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kEvery{100};
  Clock::time_point told;
  std::string stage;
  RunContext context{.threads = options.threads,
                     .checkpoints = options.checkpoints,
                     .model = options.model,
                     .exhibit = options.exhibit,
                     .progress = [&](double done, const std::string& now, const std::string& what) {
                       if (now == stage && Clock::now() - told < kEvery) return;
                       told = Clock::now();
                       stage = now;
                       fmt::print("{:.4f} {} {}\n", done, now, what);
                       std::fflush(stdout);
                       if (mark) mark->tell(done, what.empty() ? now : what);
                     }};
  const Value result = execute(request, context, registry);
  write_file_whole(options.result, to_json_text(result) + "\n");
  if (!options.checkpoints.empty()) {
    std::error_code ignored;
    fs::remove_all(options.checkpoints, ignored);
  }
}

}  // namespace

int work(const WorkerOptions& options, Registry& registry) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (options.parent != 0 && ::getppid() != static_cast<pid_t>(options.parent)) return 1;
  std::signal(SIGINT, SIG_IGN);  // Ctrl-C reaches the whole group; the runner decides
  volunteer_for_out_of_memory();
  // An address sanitizer reserves terabytes that it never touches.
  if (options.memory_limit > 0 && detail::kSanitizers == "none") limit_memory(options.memory_limit);
  // A crash is told by the runner; a core file of each would fill the disk.
  struct rlimit no_core {};
  ::setrlimit(RLIMIT_CORE, &no_core);

  try {
    make_run(options, registry);
  } catch (const FileError& error) {
    fmt::print("1 {} {}\n", kUnwritten, error.what());
    std::fflush(stdout);
    return kUnwrittenExit;
  }
  return 0;
}

}  // namespace metriclab
