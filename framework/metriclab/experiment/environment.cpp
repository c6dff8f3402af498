// SPDX-License-Identifier: BSD-3-Clause
#include <cblas.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <fstream>
#include <metriclab/experiment/commit.hpp>
#include <metriclab/experiment/environment.hpp>
#include <metriclab/version.hpp>

namespace metriclab {

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

std::string cpu_model() {
  std::ifstream stream("/proc/cpuinfo");
  for (std::string line; std::getline(stream, line);)
    if (line.starts_with("model name"))
      if (const auto colon = line.find(": "); colon != std::string::npos)
        return line.substr(colon + 2);
  return "unknown";
}

std::string host_name() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return host.data();
}

int available_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(1, CPU_COUNT(&set)) : 1;
}

std::int64_t machine_memory() {
  constexpr std::int64_t kMiB = 1 << 20;
  struct sysinfo info {};
  ::sysinfo(&info);
  std::int64_t bytes =
      static_cast<std::int64_t>(info.totalram) * static_cast<std::int64_t>(info.mem_unit);
  for (const char* file :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::int64_t limit = 0;
    if (std::ifstream stream(file); stream >> limit && limit > 0) bytes = std::min(bytes, limit);
  }
  return bytes / kMiB;
}

Value environment(int threads, bool deep) {
  Value value = Value::object();
  value.set("metriclab", kVersion);
  value.set("commit", kCommit);
  value.set("compiler", "g++ " __VERSION__);
  value.set("cpu", cpu_model());
  value.set("threads", threads);
  value.set("blas", std::string(::openblas_get_config()));
  if (deep) value.set("libtorch", kLibTorchVersion);
  value.set("finished", utc_now());
  return value;
}

}  // namespace metriclab
