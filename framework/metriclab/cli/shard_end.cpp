// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <metriclab/cli/shard_end.hpp>
#include <metriclab/experiment/results_folder.hpp>
#include <metriclab/plugin/json.hpp>
#include <set>

namespace metriclab {
namespace fs = std::filesystem;

void check_plan(const Plan& plan, const Shard& shard, const ResultStore& store) {
  const fs::path file = store.folder() / "plan.json";
  const Value stored = read_or_null(file);
  if (stored.is_null()) return;
  std::string differs;
  try {
    differs = difference(plan, stored);
  } catch (const Error&) {  // nothing such as a plan
  }
  if (differs.empty()) return;
  const Value spec = read_or_null(store.folder() / "spec.json");
  const bool same_spec = to_json_text(spec, -1) == to_json_text(plan.spec->document, -1);
  const std::string what = fmt::format(
      "{}: {} than those of shard {}; {}", file.string(), differs, to_string(shard),
      same_spec ? "the spec is the same, but sources of plugins or files of data are not"
                : "it was written for another spec");
  if (const auto others = store.others())
    throw Error(fmt::format(
        "{}; give all shards the same spec, build and data, or this one another --results (at work "
        "there: {})",
        what, *others));
  fmt::print(stderr, "note: {}; all shards are to be run as this one is\n", what);
}

std::optional<int> end_of_shard(const Plan& plan, const ShardRuns& own, const ResultStore& store) {
  std::set<std::string> seen;
  std::size_t missing = 0, wrong = 0;
  for (const auto* all : {&plan.runs, &plan.pending})
    for (const PlannedRun& run : *all) {
      if (!seen.insert(run.id).second) continue;
      const auto stored = store.find(run.id);
      if (!stored)
        ++missing;
      else if (own.has(run) && stored->status != "ok" && stored->status != "skipped")
        ++wrong;
    }
  if (missing == 0) return std::nullopt;
  fmt::print(
      stderr, "of the whole {} of {} runs are there{}; the shard that ends last prints the table\n",
      seen.size() - missing, seen.size(), plan.pending.empty() ? "" : ", and searches go on");
  return wrong == 0 ? 0 : 1;
}

}  // namespace metriclab
