// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <metriclab/experiment/plan_change.hpp>
#include <metriclab/experiment/results_folder.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <set>

namespace metriclab {
namespace {

namespace fs = std::filesystem;

// More differences than these are counted, not listed.
constexpr std::size_t kListed = 4;

void compare(const Value& a, const Value& b, const std::string& pointer,
             std::vector<std::string>& differing) {
  if (a == b) return;
  const bool objects = a.is_object() && b.is_object();
  const bool lists = a.is_list() && b.is_list() && a.as_list().size() == b.as_list().size();
  if (objects) {
    for (const Value::Member& member : b.as_object()) {
      if (member.key.starts_with("$")) continue;
      const std::string at = pointer + pointer_step(member.key);
      if (const Value* other = a.find(member.key))
        compare(*other, member.value, at, differing);
      else
        differing.push_back(at);
    }
    for (const Value::Member& member : a.as_object())
      if (!member.key.starts_with("$") && b.find(member.key) == nullptr)
        differing.push_back(pointer + pointer_step(member.key));
  } else if (lists) {
    for (std::size_t i = 0; i < a.as_list().size(); ++i)
      compare(a.as_list()[i], b.as_list()[i], fmt::format("{}/{}", pointer, i), differing);
  } else {
    differing.push_back(pointer);
  }
}

void add_once(std::vector<std::string>& all, const std::string& one) {
  if (std::ranges::find(all, one) == all.end()) all.push_back(one);
}

std::string listed(const std::vector<std::string>& all) {
  const std::size_t n = std::min(all.size(), kListed);
  std::string text =
      fmt::format("{}", fmt::join(all.begin(), all.begin() + static_cast<long>(n), ", "));
  if (all.size() > n) text += fmt::format(" and {} more", all.size() - n);
  return text;
}

/// What is at those steps, as text; "" where there is none.
std::string text_at(const Value& value, std::initializer_list<const char*> steps) {
  const Value* at = &value;
  for (const char* step : steps)
    if (at != nullptr) at = at->find(step);
  return at != nullptr && at->is_string() ? at->as_string() : "";
}

std::string place_of(const Value& run) {
  const Value* seed = run.find("seed");
  return fmt::format("{}\n{}\n{}\n{}", text_at(run, {"dataset"}), text_at(run, {"split"}),
                     text_at(run, {"method"}),
                     seed != nullptr && seed->is_integer() ? seed->as_integer() : 0);
}

}  // namespace

std::vector<std::string> differing_pointers(const Value& a, const Value& b) {
  std::vector<std::string> differing;
  compare(a, b, "", differing);
  return differing;
}

void add_differences(const Value& sources_a, const Value& sources_b, PlanChange& change) {
  // A plugin that one of the two doesn't use is a matter of the spec.
  for (const Value::Member& plugin : sources_a.as_object())
    if (const Value* other = sources_b.find(plugin.key); other != nullptr && *other != plugin.value)
      add_once(change.sources, plugin.key);
}

std::string PlanChange::why() const {
  std::vector<std::string> reasons;
  if (!pointers.empty()) reasons.push_back("the spec differs at " + listed(pointers));
  if (!sources.empty())
    reasons.push_back(
        fmt::format("{} {}", listed(sources),
                    sources.size() == 1 ? "has another source" : "have other sources"));
  if (!contents.empty())
    reasons.push_back(fmt::format("the files of {} have changed", listed(contents)));
  if (reasons.empty()) return "a data set's plugin or metriclab's own numerics have changed";
  return fmt::format("{}", fmt::join(reasons, "; "));
}

PlanChange change_of(const ResultStore& store, const Plan& plan) {
  PlanChange change;
  const Value before = read_or_null(store.folder() / "plan.json");
  const Value* runs = before.find("runs");
  if (runs == nullptr || !runs->is_list()) return change;
  std::set<std::string> asked;
  std::map<std::string, const PlannedRun*> places;
  for (const auto* all : {&plan.runs, &plan.pending})
    for (const PlannedRun& run : *all) {
      asked.insert(run.id);
      if (!run.trial) places.emplace(place_of(coordinates(plan, run)), &run);
    }
  std::set<std::pair<std::size_t, std::size_t>> looked_at;  // one result of each says all
  for (const Value& run : runs->as_list()) {
    const std::string id = text_at(run, {"id"});
    std::error_code ignored;
    if (id.empty() || asked.contains(id) || !fs::exists(store.result(id), ignored)) continue;
    ++change.results;
    const auto now = places.find(place_of(run));
    if (now == places.end() || now->second->id.starts_with("pending-") ||
        !looked_at.insert({now->second->dataset, now->second->method}).second)
      continue;
    const Value result = read_or_null(store.result(id));
    if (const Value* sources = result.find("sources"))
      add_differences(*sources, plan.points[now->second->point].sources, change);
    if (text_at(result, {"dataset", "content"}) != plan.datasets[now->second->dataset].content)
      add_once(change.contents, text_at(run, {"dataset"}));
  }
  if (change.results == 0) return change;
  const Value spec = read_or_null(store.folder() / "spec.json");
  if (spec.is_object()) change.pointers = differing_pointers(spec, plan.spec->document);
  return change;
}

}  // namespace metriclab
