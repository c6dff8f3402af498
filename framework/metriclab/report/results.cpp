// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/experiment/pointer.hpp>
#include <metriclab/plugin/error.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/report/join.hpp>
#include <metriclab/report/names.hpp>
#include <metriclab/report/result_file.hpp>
#include <metriclab/report/results.hpp>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

namespace metriclab {
namespace {

namespace fs = std::filesystem;

/// What a result says; higher where it says nothing.
Better better_of(const std::optional<JsonSlice>& directions, const std::string& metric) {
  const std::optional<JsonSlice> is = directions ? directions->find(metric) : std::nullopt;
  if (!is) return Better::higher;
  if (is->is_null()) return Better::neither;
  return !is->is_boolean() || is->boolean() ? Better::higher : Better::lower;
}

/// By name.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    entries.push_back(at->path());
  if (error) throw Error(fmt::format("{}: can't be read: {}", folder.string(), error.message()));
  std::sort(entries.begin(), entries.end());
  return entries;
}

struct Reader {
  explicit Reader(const ReadOptions& options) : trials(options.trials) {
    results.pointers = options.pointers;
    for (const std::string& pointer : options.pointers) pointers.push_back(pointer_steps(pointer));
  }

  const bool trials;
  Results results;
  std::vector<std::vector<std::string>> pointers;
  std::vector<fs::path> folders;       // as they were read
  std::vector<std::size_t> folder_of;  // by record
  std::unordered_set<std::string> known_metrics;
  std::vector<std::string> seconds;

  /// The result of that file, or what is wrong with it among the problems and an empty one.
  Record try_record(const fs::path& file) {
    try {
      return read_result_file(
          file, pointers,
          [this](const std::string& name, const std::optional<JsonSlice>& directions, bool second) {
            if (!known_metrics.insert(name).second) return;
            (second ? seconds : results.metrics).push_back(name);
            results.better[name] = second ? Better::lower : better_of(directions, name);
          });
    } catch (const std::exception& error) {
      // read_file names the file by itself.
      const std::string what = error.what();
      results.problems.push_back(what.starts_with(file.string()) ? what
                                                                 : file.string() + ": " + what);
      Record record;
      record.status = "unreadable";
      record.reason = what;
      record.parameters.resize(pointers.size());
      record.file = file;
      return record;
    }
  }

  void read_folder(const fs::path& folder);
  void read_planned(const fs::path& folder, std::vector<fs::path> files);
  void read_unplanned(const fs::path& folder, const std::vector<fs::path>& files);
};

void Reader::read_planned(const fs::path& folder, std::vector<fs::path> files) {
  const fs::path plan_file = folder / "plan.json";
  std::unordered_map<std::string, fs::path> by_id;
  std::unordered_set<std::string> named;
  for (fs::path& file : files) by_id.emplace(file.stem().string(), std::move(file));
  const std::string text = read_file(plan_file);
  try {
    const JsonSlice::Members plan = members_of_schema(text, "a plan");
    const JsonSlice *runs = find(plan, "runs"), *tried = find(plan, "trials");
    if (runs == nullptr || !runs->is_list())
      throw Error("is not a plan of metriclab: no list \"runs\"");
    if (tried != nullptr && !tried->is_list()) tried = nullptr;
    results.has_trials = results.has_trials || tried != nullptr;
    if (trials && tried == nullptr) throw Error("has no trials: no method has a search space");
    // What is not asked for is of the present spec all the same.
    const JsonSlice* others = trials ? runs : tried;
    if (trials) runs = tried;
    for (const JsonSlice& run : runs->items()) {
      Record planned;
      planned.id = text_of(run.members(), "id");
      // The plan's names are the present spec's; the file may have been written under an earlier
      // name.
      read_coordinates(run, planned);
      planned.experiment = text_of(plan, "experiment");
      Record record;
      record.status = "missing";
      record.parameters.resize(pointers.size());
      if (const auto found = by_id.find(planned.id); found != by_id.end()) {
        record = try_record(found->second);
        named.insert(planned.id);  // two names of one run have one file
      }
      record.id = planned.id;
      record.experiment = planned.experiment;
      record.dataset = planned.dataset;
      record.split = planned.split;
      record.method = planned.method;
      record.base = planned.base;
      record.seed = planned.seed;
      record.trial = planned.trial;
      results.records.push_back(std::move(record));
    }
    if (others != nullptr)
      for (const JsonSlice& other : others->items())
        if (std::string id = text_of(other.members(), "id"); by_id.contains(id))
          named.insert(std::move(id));
  } catch (const JsonSlice::Malformed&) {
    std::string what = "is not a plan of metriclab: a value in it can't be read";
    try {
      parse_json(text);
    } catch (const Error& error) {
      what = error.what();  // says line and column
    }
    throw Error(fmt::format("{}: {}; metriclab run writes it anew", plan_file.string(), what));
  } catch (const Error& error) {
    const std::string what = error.what();
    const bool damaged = what.starts_with("is not a");
    throw Error(fmt::format("{}: {}{}", plan_file.string(), what,
                            damaged ? "; metriclab run writes it anew" : ""));
  }
  results.left_out += static_cast<std::int64_t>(by_id.size() - named.size());
}

void Reader::read_unplanned(const fs::path& folder, const std::vector<fs::path>& files) {
  if (trials) throw Error(fmt::format("{}: has no plan.json, which names trials", folder.string()));
  std::vector<Record> records;
  for (const fs::path& file : files) {
    Record record = try_record(file);
    if (record.status == "unreadable") continue;  // nobody knows which cell it was
    if (record.trial) continue;
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
  if (std::error_code error; !fs::is_directory(folder, error))
    throw Error(error && error != std::errc::no_such_file_or_directory
                    ? fmt::format("{}: can't be read: {}", folder.string(), error.message())
                    : fmt::format("{}: there is no such folder", folder.string()));
  const std::vector<fs::path> entries = entries_of(folder);
  std::vector<fs::path> files;
  if (fs::is_directory(folder / "runs"))
    for (fs::path& file : entries_of(folder / "runs"))
      // A name that begins with a dot is a file still being written.
      if (file.extension() == ".json" && file.filename().string().front() != '.')
        files.push_back(std::move(file));
  const bool planned = fs::exists(folder / "plan.json");
  if (!planned && files.empty()) {
    std::string hint;
    for (const fs::path& entry : entries)
      if (std::error_code ignored; fs::is_directory(entry / "runs", ignored))
        hint += (hint.empty() ? "" : ", ") + entry.string();
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
  folder_of.resize(results.records.size(), folders.size());
  folders.push_back(folder);
  const bool any = results.records.size() > first;
  const std::string name = any ? results.records[first].experiment : folder.filename().string();
  if (std::find(results.experiments.begin(), results.experiments.end(), name) ==
      results.experiments.end())
    results.experiments.push_back(name);
}

}  // namespace

Results read_results(const std::vector<std::filesystem::path>& folders,
                     const ReadOptions& options) {
  Reader reader(options);
  for (const fs::path& folder : folders) reader.read_folder(folder.lexically_normal());
  Results results = std::move(reader.results);
  results.metrics.insert(results.metrics.end(), reader.seconds.begin(), reader.seconds.end());
  if (folders.size() > 1)
    join_folders(results, reader.folders, reader.folder_of, options.by_experiment);
  complete_parameters(results);
  return results;
}

}  // namespace metriclab
