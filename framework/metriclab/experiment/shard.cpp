// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <charconv>
#include <metriclab/experiment/shard.hpp>
#include <metriclab/plugin/error.hpp>
#include <metriclab/plugin/json.hpp>
#include <vector>

namespace metriclab {
namespace {

// A slip such as 1/100000000 asks for nothing that anyone has.
constexpr std::size_t kMost = 100000;

std::optional<std::size_t> number(std::string_view text) {
  std::size_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || value < 1 || value > kMost)
    return std::nullopt;
  return value;
}

/// Calls `plain(id)` and `search(dataset, method, split)` for each unit in its order.
template <class Plain, class Search>
void each_unit(const Plan& plan, Plain plain, Search search) {
  std::set<std::string> seen;
  for (const PlannedRun& run : plan.runs)
    if (!plan.spec->methods[run.method].is_searched() && seen.insert(run.id).second) plain(run.id);
  for (std::size_t d = 0; d < plan.datasets.size(); ++d)
    for (std::size_t m = 0; m < plan.spec->methods.size(); ++m)
      if (plan.spec->methods[m].is_searched())
        for (std::size_t s = 0; s < plan.datasets[d].splits.size(); ++s) search(d, m, s);
}

/// Runs by their coordinates, those that depend on no result: plain ones, and first trials.
std::map<std::string, std::string> fixed_runs(const Value& plan) {
  std::map<std::string, std::string> ids;
  for (const char* part : {"runs", "trials"}) {
    const Value* runs = plan.find(part);
    if (runs == nullptr) continue;
    for (const Value& run : runs->as_list()) {
      std::string name = fmt::format("{}, {}, {}", run.at("dataset").as_string(),
                                     run.at("split").as_string(), run.at("method").as_string());
      if (const Value* trial = run.find("trial")) {
        if (trial->at("number").as_integer() != 1) continue;
        name += fmt::format(", trial 1, {}", trial->at("validation").as_string());
      } else if (run.find("chosen") != nullptr) {
        continue;
      } else {
        name += fmt::format(", seed {}", run.at("seed").as_integer());
      }
      // Of a trial's rounds the first, which has the least to go with.
      ids.emplace(std::move(name), run.at("id").as_string());
    }
  }
  return ids;
}

}  // namespace

Shard Shard::from_text(const std::string& text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto index = number(std::string_view(text).substr(0, slash));
  const auto count =
      slash < text.size() ? number(std::string_view(text).substr(slash + 1)) : std::nullopt;
  if (!index || !count || *index > *count)
    throw Error(fmt::format(
        "\"{}\" is no shard; it is written I/N, the I-th of N from 1/N to N/N, such as 2/8", text));
  return {.index = *index, .count = *count};
}

std::string to_string(const Shard& shard) { return fmt::format("{}/{}", shard.index, shard.count); }

ShardRuns::ShardRuns(const Plan& plan, const Shard& shard) : spec_(plan.spec) {
  std::size_t next = 0;
  const auto is_own = [&] { return next++ % shard.count == shard.index - 1; };
  each_unit(
      plan, [&](const std::string& id) { return is_own() && ids_.insert(id).second; },
      [&](std::size_t d, std::size_t m, std::size_t s) {
        return is_own() && searches_.insert({d, m, s}).second;
      });
}

bool ShardRuns::has(const PlannedRun& run) const {
  return spec_->methods[run.method].is_searched()
             ? searches_.contains({run.dataset, run.method, run.split_index})
             : ids_.contains(run.id);
}

std::size_t ShardRuns::units(const Plan& plan) {
  std::size_t units = 0;
  each_unit(
      plan, [&](const std::string&) { ++units; },
      [&](std::size_t, std::size_t, std::size_t) { ++units; });
  return units;
}

std::string difference(const Plan& plan, const Value& stored) {
  const auto ours = fixed_runs(to_value(plan)), theirs = fixed_runs(stored);
  std::vector<std::string> other;
  for (const auto& [name, id] : ours)
    if (const auto there = theirs.find(name); there == theirs.end() || there->second != id)
      other.push_back(name);
  for (const auto& [name, id] : theirs)
    if (!ours.contains(name)) other.push_back(name);
  if (other.empty()) return "";
  return fmt::format("{} of {} runs are others, first {}", other.size(),
                     std::max(ours.size(), theirs.size()), other.front());
}

}  // namespace metriclab
