// SPDX-License-Identifier: BSD-3-Clause
#include <sched.h>

#include <algorithm>
#include <map>
#include <metriclab/experiment/environment.hpp>
#include <metriclab/experiment/ranks.hpp>

namespace metriclab {

Ranks::~Ranks() = default;

RankMachine this_machine() {
  RankMachine is{.host = host_name(), .cores = {}, .memory = machine_memory()};
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0)
    for (int core = 0; core < CPU_SETSIZE; ++core)
      if (CPU_ISSET(core, &set)) is.cores.insert(core);
  return is;
}

Value to_value(const RankMachine& is) {
  Value::List cores;
  for (const int core : is.cores) cores.emplace_back(core);
  Value value = Value::object();
  value.set("host", is.host);
  value.set("cores", Value(std::move(cores)));
  value.set("memory", is.memory);
  return value;
}

RankMachine rank_machine_from_value(const Value& value) {
  RankMachine is{
      .host = value.at("host").as_string(), .cores = {}, .memory = value.at("memory").as_integer()};
  for (const Value& core : value.at("cores").as_list())
    is.cores.insert(static_cast<int>(core.as_integer()));
  return is;
}

std::vector<int> shared_out(const std::vector<RankMachine>& ranks, int threads) {
  struct Host {
    std::set<int> cores;
    std::size_t ranks = 0;
  };
  std::map<std::string, Host> hosts;
  for (const RankMachine& is : ranks) {
    Host& host = hosts[is.host];
    host.cores.insert(is.cores.begin(), is.cores.end());
    ++host.ranks;
  }
  std::vector<int> jobs;
  for (const RankMachine& is : ranks) {
    // A launcher may have bound the ranks to cores of their own, or to all.
    const Host& host = hosts[is.host];
    const std::size_t cores = std::min(is.cores.size(), host.cores.size() / host.ranks);
    jobs.push_back(std::max(1, static_cast<int>(cores) / threads));
  }
  return jobs;
}

}  // namespace metriclab
