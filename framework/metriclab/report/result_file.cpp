// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/plugin/error.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/report/result_file.hpp>

namespace metriclab {
namespace {

// The latest schema that this reader knows; the files of every older one are read too.
constexpr std::int64_t kLatestSchema = 1;

std::string text_or_empty(const JsonSlice::Members& members, std::string_view key) {
  const JsonSlice* found = find(members, key);
  return found != nullptr && found->is_string() ? found->string() : std::string();
}

JsonSlice::Members object_or_none(const JsonSlice::Members& members, std::string_view key) {
  const JsonSlice* found = find(members, key);
  return found != nullptr && found->is_object() ? found->members() : JsonSlice::Members();
}

std::optional<JsonSlice> follow(const JsonSlice::Members& top,
                                const std::vector<std::string>& steps) {
  const JsonSlice* first = find(top, steps.front());
  if (first == nullptr) return std::nullopt;
  std::optional<JsonSlice> at = *first;
  for (std::size_t i = 1; at && i < steps.size(); ++i) at = at->find(steps[i]);
  return at;
}

/// "" where there is none such. A pointer may leave out "block", as those of a spec do.
std::string parameter_at(const JsonSlice::Members& top, const std::vector<std::string>& steps) {
  std::optional<JsonSlice> found = follow(top, steps);
  if (!found && steps.size() > 1 && (steps[0] == "method" || steps[0] == "dataset")) {
    std::vector<std::string> longer = steps;
    longer.insert(longer.begin() + 1, "block");
    found = follow(top, longer);
  }
  return found ? found->plain() : "";
}

void read_metrics(const JsonSlice::Members& top, Record& record, const MetricHeard& heard) {
  const JsonSlice* metrics = find(top, "metrics");
  if (metrics == nullptr || !metrics->is_object()) return;
  const JsonSlice* higher = find(top, "higher_is_better");
  const std::optional<JsonSlice> directions =
      higher != nullptr && higher->is_object() ? std::optional(*higher) : std::nullopt;
  JsonSlice::Members reasons;
  bool reasons_read = false;
  for (auto& [name, value] : metrics->members()) {
    heard(name, directions, false);
    if (value.is_number()) {
      record.measurements.push_back({std::move(name), value.number(), ""});
      continue;
    }
    if (!value.is_null())
      throw Error(
          fmt::format("its metric \"{}\" is {}, not a number; remove the file, and metriclab run "
                      "makes it again",
                      name, value.plain()));
    if (!reasons_read) reasons = object_or_none(top, "reasons");
    reasons_read = true;
    std::string reason = text_or_empty(reasons, name);
    record.measurements.push_back(
        {std::move(name), std::numeric_limits<double>::quiet_NaN(), std::move(reason)});
  }
}

Record read_record(const std::string& text, const std::vector<std::vector<std::string>>& pointers,
                   const MetricHeard& heard) {
  const JsonSlice::Members top = members_of_schema(text, "a result");
  Record record;
  record.id = text_of(top, "id");
  record.experiment = text_or_empty(top, "experiment");
  record.status = text_of(top, "status");
  record.reason = text_or_empty(top, "reason");
  const JsonSlice* run = find(top, "run");
  if (run == nullptr || !run->is_object())
    throw Error("is not a result of metriclab: no object \"run\"");
  read_coordinates(*run, record);
  record.finished = text_or_empty(object_or_none(top, "environment"), "finished");
  read_metrics(top, record, heard);
  if (record.status == "ok")
    for (const auto& [name, value] : object_or_none(top, "seconds"))
      if (value.is_number()) {
        record.measurements.push_back({"seconds." + name, value.number(), ""});
        heard(record.measurements.back().name, std::nullopt, true);
      }
  for (const auto& steps : pointers) record.parameters.push_back(parameter_at(top, steps));
  return record;
}

/// A place that is no plain value goes on below; lists are values.
void list_pointers(const JsonSlice& value, const std::string& pointer,
                   std::vector<std::string>& pointers) {
  if (!value.is_object()) {
    pointers.push_back(pointer);
    return;
  }
  for (const auto& [key, member] : value.members())
    list_pointers(member, pointer + pointer_step(key), pointers);
}

}  // namespace

const JsonSlice* find(const JsonSlice::Members& members, std::string_view key) {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const auto& each) { return each.first == key; });
  return found == members.end() ? nullptr : &found->second;
}

std::string text_of(const JsonSlice::Members& members, const char* key) {
  const JsonSlice* found = find(members, key);
  if (found == nullptr || !found->is_string())
    throw Error(fmt::format("is not a result of metriclab: no string \"{}\"", key));
  return found->string();
}

JsonSlice::Members members_of_schema(const std::string& text, const char* what) {
  const JsonSlice json = JsonSlice::of(text);
  if (!json.is_object())
    throw Error(fmt::format("is not {} of metriclab: not a JSON object", what));
  JsonSlice::Members members = json.members();
  const JsonSlice* schema = find(members, "schema");
  const auto number = schema == nullptr ? std::nullopt : schema->integer();
  if (!number) throw Error(fmt::format("is not {} of metriclab: no integer \"schema\"", what));
  if (*number > kLatestSchema)
    throw Error(fmt::format("was written by a later metriclab: schema {}, this one reads up to {}",
                            *number, kLatestSchema));
  return members;
}

void read_coordinates(const JsonSlice& run, Record& record) {
  const JsonSlice::Members members = run.members();
  record.dataset = text_of(members, "dataset");
  record.split = text_of(members, "split");
  record.method = text_of(members, "method");
  record.base = text_or_empty(members, "base");
  if (record.base.empty()) record.base = record.method;
  const JsonSlice* seed = find(members, "seed");
  const auto number = seed == nullptr ? std::nullopt : seed->integer();
  if (!number) throw Error("is not a result of metriclab: no integer \"seed\"");
  record.seed = *number;
  const JsonSlice* trial = find(members, "trial");
  record.trial = trial != nullptr && trial->is_object();
}

Record read_result_file(const std::filesystem::path& file,
                        const std::vector<std::vector<std::string>>& pointers,
                        const MetricHeard& heard) {
  const std::string text = read_file(file);
  try {
    Record record = read_record(text, pointers, heard);
    record.file = file;
    return record;
  } catch (const JsonSlice::Malformed&) {
    parse_json(text);  // says line and column
    throw Error("is not a result of metriclab: a value in it can't be read");
  }
}

std::vector<std::string> pointers_in(const std::filesystem::path& file) {
  std::vector<std::string> pointers;
  try {
    const std::string text = read_file(file);
    for (const auto& [key, value] : JsonSlice::of(text).members())
      if (key == "run" || key == "dataset" || key == "method" || key == "evaluators")
        list_pointers(value, "/" + key, pointers);
  } catch (const JsonSlice::Malformed&) {
  } catch (const Error&) {
  }
  return pointers;
}

}  // namespace metriclab
