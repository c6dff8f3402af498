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

Value method_value(const Plan& plan, const PlannedRun& run) {
  Value value = Value::object();
  value.set("kind", plan.spec->methods[run.method].kind);
  value.set("block", plan.points[run.point].block);
  return value;
}

Value validation_value(const Plan& plan, const Trial& trial) {
  Value value = Value::object();
  value.set("split", plan.spec->validation);
  value.set("index", static_cast<std::int64_t>(trial.validation_index));
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
  for (std::size_t m = 0; m < spec.methods.size(); ++m)
    add_point(plan, registry, m, spec.methods[m].block, Value::object());
  for (std::size_t d = 0; d < spec.datasets.size(); ++d) {
    const DatasetSpec& dataset = spec.datasets[d];
    PlannedDataset& planned = plan.datasets.emplace_back();
    try {
      const auto plugin = registry.create_as<Dataset>(dataset.block);
      planned.content = content_of(plugin->files(spec.places));
      const bool asks = dataset.splitting.predefined;
      planned.splits = split_names(
          dataset.splitting, asks ? plugin->split_names(spec.places) : std::vector<std::string>{});
    } catch (const Error& error) {
      problems.push_back({dataset.pointer + error.pointer(), error.message()});
      continue;
    }
    planned.sources = registry.source_hashes("dataset", dataset.block);
    for (std::size_t m = 0; m < spec.methods.size(); ++m) {
      if (spec.methods[m].is_searched()) continue;
      for (const std::int64_t seed : spec.settings.seeds)
        for (std::size_t s = 0; s < planned.splits.size(); ++s)
          plan.runs.push_back(planned_run(plan, d, m, s, seed));
    }
  }
  return plan;
}

std::size_t add_point(Plan& plan, Registry& registry, std::size_t method, Value block,
                      Value chosen) {
  MethodPoint& is = plan.points.emplace_back(
      MethodPoint{.method = method, .block = std::move(block), .chosen = std::move(chosen)});
  is.sources = registry.source_hashes(plan.spec->methods[method].kind, is.block);
  for (const EvaluatorSpec& evaluator : plan.spec->evaluators)
    merge(is.sources, registry.source_hashes("evaluator", evaluator.block));
  return plan.points.size() - 1;
}

PlannedRun planned_run(const Plan& plan, std::size_t dataset, std::size_t point,
                       std::size_t split_index, std::int64_t seed, std::optional<Trial> trial) {
  PlannedRun run{.id = "",
                 .dataset = dataset,
                 .method = plan.points[point].method,
                 .point = point,
                 .split_index = split_index,
                 .split = plan.datasets[dataset].splits[split_index],
                 .seed = seed,
                 .trial = std::move(trial)};
  Value identity = Value::object();
  identity.set("numerics", kNumericsRevision);
  identity.set("dataset", dataset_value(plan.spec->datasets[dataset]));
  identity.set("content", plan.datasets[dataset].content);
  identity.set("method", method_value(plan, run));
  identity.set("evaluators", evaluators_value(*plan.spec));
  identity.set("sources", plan.points[point].sources);
  identity.set("dataset_sources", plan.datasets[dataset].sources);
  identity.set("seed", seed);
  identity.set("split_index", static_cast<std::int64_t>(split_index));
  if (run.trial) identity.set("validation", validation_value(plan, *run.trial));
  run.id = content_hash(to_json_text(identity, -1));
  return run;
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
  if (method.is_searched()) value.set("chosen", plan.points[run.point].chosen);
  if (run.trial) {
    Value trial = Value::object();
    trial.set("number", run.trial->number);
    trial.set("validation", run.trial->validation);
    trial.set("resource", run.trial->resource ? Value(*run.trial->resource) : Value());
    value.set("trial", std::move(trial));
  }
  return value;
}

Value to_value(const Plan& plan) {
  Value::List runs, trials;
  for (const auto* all : {&plan.runs, &plan.pending})
    for (const PlannedRun& run : *all) {
      Value& one = (run.trial ? trials : runs).emplace_back(Value::object());
      one.set("id", run.id);
      merge(one, coordinates(plan, run));
    }
  Value value = Value::object();
  value.set("schema", kSchema);
  value.set("experiment", plan.spec->settings.name);
  value.set("runs", Value(std::move(runs)));
  if (!trials.empty()) value.set("trials", Value(std::move(trials)));
  return value;
}

std::int64_t exhibit_size(const Plan& plan, const PlannedRun& run) {
  constexpr std::int64_t kUsual = 300;
  const SpecSettings& settings = plan.spec->settings;
  const bool first = !run.trial && run.split_index == 0 && run.seed == settings.seeds.front();
  return first ? settings.exhibit.value_or(kUsual) : 0;
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
  value.set("content", plan.datasets[run.dataset].content);
  value.set("method", method_value(plan, run));
  value.set("evaluators", evaluators_value(spec));
  value.set("sources", plan.points[run.point].sources);
  value.set("places", std::move(places));
  if (run.trial) value.set("validation", validation_value(plan, *run.trial));
  if (const std::int64_t count = exhibit_size(plan, run); count > 0) value.set("exhibit", count);
  return value;
}

}  // namespace metriclab
