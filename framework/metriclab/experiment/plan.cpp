// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <metriclab/experiment/plan.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab {
namespace {

namespace fs = std::filesystem;

/// Raised when metriclab's own results change for the same run: another split, other streams,
/// another formula in a room below the plugins.
constexpr std::int64_t kNumericsRevision = 4;
constexpr std::int64_t kSchema = 1;

/// One hash of the files' contents. Several files also differ by their names, which may be their
/// labels; where the folder lies makes no difference.
std::string content_of(const std::vector<fs::path>& files) {
  if (files.empty()) return "";
  if (files.size() == 1) return file_hash(files.front());
  std::string all;
  for (const fs::path& file : files)
    all +=
        (file.parent_path().filename() / file.filename()).string() + "\n" + file_hash(file) + "\n";
  return content_hash(all);
}

void merge(Value& into, const Value& from) {
  for (const Value::Member& member : from.as_object()) into.set(member.key, member.value);
}

Value dataset_value(const DatasetSpec& is) {
  Value value = Value::object();
  value.set("block", is.block);
  value.set("split", is.split);
  value.set("normalize", to_string(is.normalize));
  return value;
}

Value method_value(const MethodSpec& is) {
  Value value = Value::object();
  value.set("kind", is.kind);
  value.set("block", is.block);
  return value;
}

Value evaluators_value(const Spec& spec) {
  Value::List list;
  for (const EvaluatorSpec& is : spec.evaluators) {
    Value& one = list.emplace_back(Value::object());
    one.set("name", is.name);
    one.set("block", is.block);
  }
  return Value(std::move(list));
}

}  // namespace

Plan make_plan(const Spec& spec, Registry& registry, Problems& problems) {
  Plan plan;
  plan.spec = &spec;
  Value evaluator_sources = Value::object();
  for (const EvaluatorSpec& is : spec.evaluators)
    merge(evaluator_sources, registry.source_hashes("evaluator", is.block));
  for (const MethodSpec& is : spec.methods) {
    plan.sources.push_back(registry.source_hashes(is.kind, is.block));
    merge(plan.sources.back(), evaluator_sources);
  }
  const Value evaluators = evaluators_value(spec);
  for (std::size_t d = 0; d < spec.datasets.size(); ++d) {
    const DatasetSpec& dataset = spec.datasets[d];
    std::vector<std::string> splits;
    plan.contents.emplace_back();
    try {
      const auto plugin = registry.create_as<Dataset>(dataset.block);
      plan.contents.back() = content_of(plugin->files(spec.places));
      const bool asks = dataset.splitting.predefined;
      splits = split_names(dataset.splitting,
                           asks ? plugin->split_names(spec.places) : std::vector<std::string>{});
    } catch (const Error& error) {
      problems.push_back({dataset.pointer + error.pointer(), error.message()});
      continue;
    }
    const Value sources = registry.source_hashes("dataset", dataset.block);
    for (std::size_t m = 0; m < spec.methods.size(); ++m) {
      Value identity = Value::object();
      identity.set("numerics", kNumericsRevision);
      identity.set("dataset", dataset_value(dataset));
      identity.set("content", plan.contents.back());
      identity.set("method", method_value(spec.methods[m]));
      identity.set("evaluators", evaluators);
      identity.set("sources", plan.sources[m]);
      identity.set("dataset_sources", sources);
      for (const std::int64_t seed : spec.settings.seeds)
        for (std::size_t s = 0; s < splits.size(); ++s) {
          identity.set("seed", seed);
          identity.set("split_index", static_cast<std::int64_t>(s));
          plan.runs.push_back({.id = content_hash(to_json_text(identity, -1)),
                               .dataset = d,
                               .method = m,
                               .split_index = s,
                               .split = splits[s],
                               .seed = seed});
        }
    }
  }
  return plan;
}

Value coordinates(const Plan& plan, const PlannedRun& run) {
  const DatasetSpec& dataset = plan.spec->datasets[run.dataset];
  const MethodSpec& method = plan.spec->methods[run.method];
  Value grid = dataset.grid;
  merge(grid, method.grid);
  Value value = Value::object();
  value.set("dataset", dataset.name);
  value.set("split", run.split);
  value.set("split_index", static_cast<std::int64_t>(run.split_index));
  value.set("method", method.name);
  value.set("base", method.base);
  value.set("grid", std::move(grid));
  value.set("seed", run.seed);
  value.set("baseline", method.baseline);
  return value;
}

Value to_value(const Plan& plan) {
  Value::List runs;
  for (const PlannedRun& run : plan.runs) {
    Value& one = runs.emplace_back(Value::object());
    one.set("id", run.id);
    merge(one, coordinates(plan, run));
  }
  Value value = Value::object();
  value.set("schema", kSchema);
  value.set("experiment", plan.spec->settings.name);
  value.set("runs", Value(std::move(runs)));
  return value;
}

Value request_of(const Plan& plan, const PlannedRun& run) {
  const Spec& spec = *plan.spec;
  Value places = Value::object();
  places.set("spec", (fs::current_path() / spec.places.spec).lexically_normal().string());
  places.set("data", spec.places.data.empty() ? "" : fs::absolute(spec.places.data).string());
  Value value = Value::object();
  value.set("id", run.id);
  value.set("experiment", spec.settings.name);
  value.set("run", coordinates(plan, run));
  value.set("dataset", dataset_value(spec.datasets[run.dataset]));
  value.set("content", plan.contents[run.dataset]);
  value.set("method", method_value(spec.methods[run.method]));
  value.set("evaluators", evaluators_value(spec));
  value.set("sources", plan.sources[run.method]);
  value.set("places", std::move(places));
  return value;
}

}  // namespace metriclab
