// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/plugin/error.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/report/results.hpp>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

namespace metriclab {
namespace {

namespace fs = std::filesystem;

// The latest schema that this reader knows; the files of every older one are read too.
constexpr std::int64_t kLatestSchema = 1;

/// The top-level keys of a result that tables need. The rest (curves above all) is skipped as it is
/// read.
const std::set<std::string, std::less<>> kKeys = {
    "schema",           "id",      "experiment", "run",        "status", "reason", "metrics",
    "higher_is_better", "reasons", "seconds",    "environment"};

Json parse(const std::string& text) {
  const auto keep = [](int depth, Json::parse_event_t event, Json& parsed) {
    return event != Json::parse_event_t::key || depth != 1 ||
           kKeys.contains(parsed.get_ref<const std::string&>());
  };
  try {
    return Json::parse(text, keep);
  } catch (const Json::exception&) {
    parse_json(text);  // says line and column
    throw;
  }
}

/// The member of that name and type; throws Error when it is something else.
const std::string& text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string())
    throw Error(fmt::format("is not a result of metriclab: no string \"{}\"", key));
  return found->get_ref<const std::string&>();
}

const Json& object_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_object())
    throw Error(fmt::format("is not a result of metriclab: no object \"{}\"", key));
  return *found;
}

std::string text_or_empty(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void check_schema(const Json& json) {
  if (!json.is_object()) throw Error("is not a result of metriclab: not a JSON object");
  const auto schema = json.find("schema");
  if (schema == json.end() || !schema->is_number_integer())
    throw Error("is not a result of metriclab: no integer \"schema\"");
  if (schema->get<std::int64_t>() > kLatestSchema)
    throw Error(fmt::format("was written by a later metriclab: schema {}, this one reads up to {}",
                            schema->get<std::int64_t>(), kLatestSchema));
}

void read_coordinates(const Json& run, Record& record) {
  record.dataset = text_of(run, "dataset");
  record.split = text_of(run, "split");
  record.method = text_of(run, "method");
  const auto seed = run.find("seed");
  if (seed == run.end() || !seed->is_number_integer())
    throw Error("is not a result of metriclab: no integer \"seed\"");
  record.seed = seed->get<std::int64_t>();
}

/// What a result says; higher where it says nothing.
Better better_of(const Json& directions, const std::string& metric) {
  const auto is = directions.find(metric);
  if (is == directions.end()) return Better::higher;
  if (is->is_null()) return Better::neither;
  return !is->is_boolean() || is->get<bool>() ? Better::higher : Better::lower;
}

struct Reader {
  Results results;
  std::unordered_set<std::string> known_metrics;
  std::vector<std::string> seconds;

  void add_metric(const std::string& name, Better better, std::vector<std::string>& names) {
    if (!known_metrics.insert(name).second) return;
    names.push_back(name);
    results.better[name] = better;
  }

  Record read_record(const fs::path& file) {
    const Json json = parse(read_file(file));
    check_schema(json);
    Record record;
    record.id = text_of(json, "id");
    record.experiment = text_or_empty(json, "experiment");
    record.status = text_of(json, "status");
    record.reason = text_or_empty(json, "reason");
    read_coordinates(object_of(json, "run"), record);
    if (const auto environment = json.find("environment");
        environment != json.end() && environment->is_object())
      record.finished = text_or_empty(*environment, "finished");
    static const Json none = Json::object();
    const auto part = [&](const char* key) -> const Json& {
      const auto found = json.find(key);
      return found != json.end() && found->is_object() ? *found : none;
    };
    const Json& directions = part("higher_is_better");
    const Json& reasons = part("reasons");
    for (const auto& [name, value] : part("metrics").items()) {
      add_metric(name, better_of(directions, name), results.metrics);
      if (value.is_number())
        record.measurements.push_back({name, value.get<double>(), ""});
      else
        record.measurements.push_back(
            {name, std::numeric_limits<double>::quiet_NaN(), text_or_empty(reasons, name.c_str())});
    }
    if (record.status == "ok")
      for (const auto& [name, value] : part("seconds").items())
        if (value.is_number()) {
          record.measurements.push_back({"seconds." + name, value.get<double>(), ""});
          add_metric(record.measurements.back().name, Better::lower, seconds);
        }
    return record;
  }

  /// The result of that file, or what is wrong with it among the problems and an empty one.
  Record try_record(const fs::path& file) {
    try {
      return read_record(file);
    } catch (const std::exception& error) {
      // read_file names the file by itself.
      const std::string what = error.what();
      results.problems.push_back(what.starts_with(file.string()) ? what
                                                                 : file.string() + ": " + what);
      Record record;
      record.status = "unreadable";
      record.reason = what;
      return record;
    }
  }

  void read_folder(const fs::path& folder);
  void read_planned(const fs::path& folder, std::vector<fs::path> files);
  void read_unplanned(const fs::path& folder, const std::vector<fs::path>& files);
};

/// "fold 2" before "fold 10".
bool natural_less(const std::string& a, const std::string& b) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (digit(a[i]) && digit(b[j])) {
      std::size_t i_end = i, j_end = j;
      while (i_end < a.size() && digit(a[i_end])) ++i_end;
      while (j_end < b.size() && digit(b[j_end])) ++j_end;
      const auto x = a.substr(i, i_end - i), y = b.substr(j, j_end - j);
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
      i = i_end;
      j = j_end;
      continue;
    }
    if (a[i] != b[j]) return a[i] < b[j];
    ++i;
    ++j;
  }
  return a.size() - i < b.size() - j;
}

void Reader::read_planned(const fs::path& folder, std::vector<fs::path> files) {
  const fs::path plan_file = folder / "plan.json";
  std::unordered_map<std::string, fs::path> by_id;
  std::unordered_set<std::string> named;
  for (fs::path& file : files) by_id.emplace(file.stem().string(), std::move(file));
  try {
    const Json plan = Json::parse(read_file(plan_file));
    check_schema(plan);
    const auto runs = plan.find("runs");
    if (runs == plan.end() || !runs->is_array())
      throw Error("is not a plan of metriclab: no list \"runs\"");
    for (const Json& run : *runs) {
      const std::string& id = text_of(run, "id");
      Record record;
      record.status = "missing";
      if (const auto found = by_id.find(id); found != by_id.end()) {
        record = try_record(found->second);
        named.insert(id);  // two names of one run have one file
      }
      // The plan's names are the present spec's; the file may have been written under an earlier
      // name.
      read_coordinates(run, record);
      record.id = id;
      record.experiment = text_of(plan, "experiment");
      results.records.push_back(std::move(record));
    }
    // Trials of a search are the spec's, and no part of the comparison.
    if (const auto trials = plan.find("trials"); trials != plan.end() && trials->is_array())
      for (const Json& trial : *trials)
        if (by_id.contains(text_of(trial, "id"))) named.insert(text_of(trial, "id"));
  } catch (const Json::exception& error) {
    throw Error(fmt::format("{}: {}", plan_file.string(), error.what()));
  } catch (const Error& error) {
    const std::string what = error.what();
    throw Error(what.starts_with(plan_file.string()) ? what : plan_file.string() + ": " + what);
  }
  results.left_out += static_cast<std::int64_t>(by_id.size() - named.size());
}

void Reader::read_unplanned(const fs::path& folder, const std::vector<fs::path>& files) {
  std::vector<Record> records;
  for (const fs::path& file : files) {
    Record record = try_record(file);
    if (record.status == "unreadable") continue;  // nobody knows which cell it was
    if (record.experiment.empty()) record.experiment = folder.filename().string();
    records.push_back(std::move(record));
  }
  const auto before = [](const Record& a, const Record& b) {
    if (a.dataset != b.dataset) return natural_less(a.dataset, b.dataset);
    if (a.method != b.method) return natural_less(a.method, b.method);
    if (a.split != b.split) return natural_less(a.split, b.split);
    if (a.seed != b.seed) return a.seed < b.seed;
    return std::tie(b.finished, b.id) < std::tie(a.finished, a.id);  // the latest first
  };
  std::sort(records.begin(), records.end(), before);
  const auto same_cell = [](const Record& a, const Record& b) {
    return std::tie(a.dataset, a.method, a.split, a.seed) ==
           std::tie(b.dataset, b.method, b.split, b.seed);
  };
  const auto end = std::unique(records.begin(), records.end(), same_cell);
  results.left_out += records.end() - end;
  results.records.insert(results.records.end(), std::make_move_iterator(records.begin()),
                         std::make_move_iterator(end));
  results.notes.push_back(
      fmt::format("{} has no plan.json, so that missing runs can't be told", folder.string()));
}

void Reader::read_folder(const fs::path& folder) {
  if (!fs::is_directory(folder))
    throw Error(fmt::format("{}: there is no such folder", folder.string()));
  std::vector<fs::path> files;
  if (fs::is_directory(folder / "runs"))
    for (const auto& entry : fs::directory_iterator(folder / "runs"))
      // A name that begins with a dot is a file still being written.
      if (entry.path().extension() == ".json" && entry.path().filename().string().front() != '.')
        files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  const bool planned = fs::exists(folder / "plan.json");
  if (!planned && files.empty()) {
    std::string hint;
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.is_directory() && fs::is_directory(entry.path() / "runs"))
        hint += (hint.empty() ? "" : ", ") + entry.path().string();
    throw Error(fmt::format(
        "{}: no results here; {}", folder.string(),
        hint.empty() ? "give a folder that \"metriclab run\" wrote, such as results/quickstart"
                     : "did you mean " + hint + "?"));
  }
  const std::size_t first = results.records.size();
  if (planned)
    read_planned(folder, std::move(files));
  else
    read_unplanned(folder, files);
  const bool any = results.records.size() > first;
  const std::string name = any ? results.records[first].experiment : folder.filename().string();
  if (std::find(results.experiments.begin(), results.experiments.end(), name) ==
      results.experiments.end())
    results.experiments.push_back(name);
}

/// One run in several folders counts once; different runs of the same coordinates are told apart by
/// experiment.
void join(Results& results) {
  std::unordered_set<std::string> ids;
  std::erase_if(results.records, [&](const Record& record) {
    // By its names too: one spec may call the same run by two.
    return !record.id.empty() &&
           !ids.insert(record.id + '\n' + record.dataset + '\n' + record.method).second;
  });
  std::set<std::tuple<std::string, std::string, std::string, std::int64_t>> seen;
  bool clash = false;
  for (const Record& record : results.records)
    clash =
        !seen.insert({record.dataset, record.split, record.method, record.seed}).second || clash;
  if (!clash) return;
  for (Record& record : results.records) record.method = record.experiment + ": " + record.method;
  results.notes.push_back(
      "the folders have different runs of the same method, so that methods carry their "
      "experiment's name");
}

}  // namespace

Results read_results(const std::vector<std::filesystem::path>& folders) {
  Reader reader;
  for (const fs::path& folder : folders) reader.read_folder(folder.lexically_normal());
  Results results = std::move(reader.results);
  results.metrics.insert(results.metrics.end(), reader.seconds.begin(), reader.seconds.end());
  if (folders.size() > 1) join(results);
  return results;
}

}  // namespace metriclab
