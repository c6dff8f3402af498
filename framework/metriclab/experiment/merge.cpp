// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <metriclab/experiment/merge.hpp>
#include <metriclab/experiment/plan_change.hpp>
#include <metriclab/experiment/result_store.hpp>
#include <metriclab/experiment/results_folder.hpp>
#include <metriclab/experiment/run.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <optional>

namespace metriclab {
namespace fs = std::filesystem;
namespace {

// More runs than these are counted, not listed.
constexpr std::size_t kListed = 3;

/// A result file; throws Error naming it where it is none that a table could take.
Value read_result(const fs::path& file, const std::string& id) {
  Value result;
  const std::string text = read_file(file);
  try {
    result = parse_json(text);
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", file.string(), error.what()));
  }
  const auto is = [&](const char* key, bool (Value::*type)() const) {
    const Value* value = result.find(key);
    return value != nullptr && (value->*type)();
  };
  if (!is("schema", &Value::is_integer) || !is("id", &Value::is_string) ||
      !is("status", &Value::is_string) || !is("metrics", &Value::is_object) ||
      !is("run", &Value::is_object))
    throw Error(file.string() + ": is not a result of metriclab");
  if (result.at("schema").as_integer() > kResultSchema)
    throw Error(
        fmt::format("{}: was written by a later metriclab: schema {}, this one reads up to "
                    "{}",
                    file.string(), result.at("schema").as_integer(), kResultSchema));
  if (result.at("id").as_string() != id)
    throw Error(fmt::format("{}: is the result of another run, {}", file.string(),
                            result.at("id").as_string()));
  return result;
}

int rank_of(const Value& result) {
  const std::string& status = result.at("status").as_string();
  return status == "ok" ? 2 : status == "skipped" ? 1 : 0;
}

std::string number_text(const Value* value) {
  return value == nullptr ? "not there" : value->is_null() ? "null" : to_json_text(*value, -1);
}

/// What differs in two results of one run: a metric with its values, and what made them; "" where
/// nothing does.
std::string difference(const Value& here, const fs::path& here_file, const Value& there,
                       const fs::path& there_file) {
  std::vector<std::string> names;
  for (const std::string& pointer : differing_pointers(here.at("metrics"), there.at("metrics")))
    names.push_back(pointer.substr(1));
  if (names.empty()) return "";
  const std::string& name = names.front();
  std::string text = fmt::format("other metrics of one run: \"{}\" is {} in {} and {} in {}", name,
                                 number_text(here.at("metrics").find(name)), here_file.string(),
                                 number_text(there.at("metrics").find(name)), there_file.string());
  if (names.size() > 1) text += fmt::format(", and {} more", names.size() - 1);
  std::string made;
  const Value *one = here.find("environment"), *other = there.find("environment");
  if (one != nullptr && other != nullptr)
    for (const std::string& pointer : differing_pointers(*one, *other))
      if (pointer != "/finished") made += (made.empty() ? "" : ", ") + pointer.substr(1);
  if (!made.empty()) text += fmt::format("; what made them differs in {}", made);
  return text + "; remove the one that is wrong, and merge again";
}

void copy_whole(const fs::path& from, const fs::path& to) {
  if (!fs::is_directory(from)) return write_file_whole(to, read_file(from));
  const fs::path made = to.parent_path() / ("." + to.filename().string() + ".new");
  std::error_code error;
  fs::remove_all(made, error);
  make_folder(made);
  for (const auto& entry : fs::recursive_directory_iterator(from)) {
    const fs::path place = made / fs::relative(entry.path(), from);
    if (entry.is_directory())
      make_folder(place);
    else
      write_file_whole(place, read_file(entry.path()));
  }
  if (fs::exists(to)) fs::remove_all(to, error);
  fs::rename(made, to, error);
  if (error)
    throw FileError(fmt::format("{}: can't be put in place: {}", to.string(), error.message()));
}

/// The experiment that a folder is of, as its plan or a result tells; "" where nothing does.
std::string experiment_of(const fs::path& folder) {
  std::error_code ignored;
  if (fs::exists(folder / "plan.json", ignored)) {
    const Value plan = read_plan(folder);
    const Value* name = plan.find("experiment");
    return name != nullptr && name->is_string() ? name->as_string() : "";
  }
  for (const RunFile& file : files_of_runs(folder)) {
    if (file.part != "runs") continue;
    try {
      const Value result = read_result(file.path, file.id);
      const Value* name = result.find("experiment");
      if (name != nullptr && name->is_string()) return name->as_string();
    } catch (const Error&) {  // told when it is to be taken
    }
  }
  return "";
}

void check_folders(const std::vector<fs::path>& sources, const fs::path& into) {
  std::error_code ignored;
  std::string name, first;
  const auto same_experiment = [&](const fs::path& folder) {
    const std::string own = experiment_of(folder);
    if (own.empty()) return;
    if (name.empty()) {
      name = own;
      first = folder.string();
    } else if (own != name) {
      throw Error(fmt::format(
          "{}: is of the experiment \"{}\", and {} of \"{}\"; merge puts together one experiment's "
          "results, and tables take several folders",
          folder.string(), own, first, name));
    }
  };
  if (fs::exists(into, ignored) && !fs::is_empty(into, ignored)) {
    require_results(into);
    same_experiment(into);
  }
  for (const fs::path& source : sources) {
    require_results(source);
    if (fs::equivalent(source, into, ignored))
      throw Error(fmt::format("{}: can't be merged into itself", source.string()));
    same_experiment(source);
  }
}

std::optional<Value> read_spec(const fs::path& folder, std::vector<std::string>& problems) {
  const fs::path file = folder / "spec.json";
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return std::nullopt;
  const std::string text = read_file(file);
  try {
    return parse_json(text);
  } catch (const Error& error) {
    problems.push_back(
        fmt::format("{}: {}; metriclab run writes it anew", file.string(), error.what()));
    return std::nullopt;
  }
}

std::string place_of(const Value& run) {
  std::string place;
  for (const char* key : {"dataset", "split", "method", "seed"})
    if (const Value* value = run.find(key)) place += to_json_text(*value, -1) + "\n";
  return place;
}

std::string id_of(const Value& run) {
  const Value* id = run.find("id");
  return id != nullptr && id->is_string() ? id->as_string() : "";
}

/// Adds to a plan what another of the same spec has found: trials, and the values of searches.
bool unite(Value& plan, const Value& other) {
  bool more = false;
  std::map<std::string, const Value*> found;
  for (const Value& run : other.at("runs").as_list())
    if (!id_of(run).starts_with("pending-")) found.emplace(place_of(run), &run);
  for (Value& run : plan.find("runs")->as_list())
    if (id_of(run).starts_with("pending-"))
      if (const auto at = found.find(place_of(run)); at != found.end()) {
        run = *at->second;
        more = true;
      }
  const Value* trials = other.find("trials");
  if (trials == nullptr || !trials->is_list()) return more;
  if (plan.find("trials") == nullptr) plan.set("trials", Value::list());
  const std::set<std::string> known = asked_ids(plan);
  for (const Value& trial : trials->as_list())
    if (!known.contains(id_of(trial))) {
      plan.find("trials")->as_list().push_back(trial);
      more = true;
    }
  return more;
}

class Merge {
 public:
  explicit Merge(const fs::path& into) : into_(into), store_(into) {}

  void take(const fs::path& source);
  Merged merged();

 private:
  void take_others(const std::vector<RunFile>& files, const std::string& id, bool anew,
                   MergedFolder& tells);
  void take_plan(const fs::path& source, MergedFolder& tells);

  const fs::path into_;
  const ResultStore store_;  // keeps runners out
  Merged merged_;
};

void Merge::take_others(const std::vector<RunFile>& files, const std::string& id, bool anew,
                        MergedFolder& tells) {
  for (const RunFile& file : files) {
    if (file.id != id || file.part == "runs" || file.part == "checkpoints" || file.part == "logs")
      continue;
    const fs::path place = into_ / file.part / file.path.filename();
    std::error_code ignored;
    if (!anew && fs::exists(place, ignored)) continue;
    make_folder(place.parent_path());
    copy_whole(file.path, place);
    ++tells.others;
  }
}

void Merge::take(const fs::path& source) {
  MergedFolder& tells = merged_.folders.emplace_back();
  tells.folder = source;
  if (const auto runner = ResultStore::runner_at(source))
    tells.notes.push_back(
        fmt::format("{}: a runner is at work there ({}); merge again when it has ended",
                    source.string(), *runner));
  const std::vector<RunFile> files = files_of_runs(source);
  std::map<std::string, std::vector<RunFile>> of_run;
  for (const RunFile& file : files) of_run[file.id].push_back(file);
  for (const RunFile& file : files) {
    if (file.part != "runs" || file.path.extension() != ".json") continue;
    Value there;
    try {
      there = read_result(file.path, file.id);
    } catch (const Error& error) {
      tells.problems.push_back(error.what());
      continue;
    }
    const fs::path place = store_.result(file.id);
    std::optional<Value> here;
    std::error_code ignored;
    if (fs::exists(place, ignored)) {
      try {
        here = read_result(place, file.id);
      } catch (const Error& error) {
        tells.notes.push_back(
            fmt::format("{}; {} takes its place", error.what(), file.path.string()));
      }
    }
    if (here && rank_of(*here) > rank_of(there)) {
      ++tells.kept;
      continue;
    }
    const bool equal = here && rank_of(*here) == rank_of(there);
    if (equal) {
      const std::string alarm = difference(*here, place, there, file.path);
      if (!alarm.empty()) {
        ++tells.conflicts;
        tells.alarms.push_back(alarm);
        continue;
      }
      ++tells.same;
    }
    // The result last: what it promises is there then.
    take_others(of_run.at(file.id), file.id, !equal, tells);
    if (equal) continue;
    write_file_whole(place, read_file(file.path));
    ++tells.taken;
  }
  take_plan(source, tells);
}

void Merge::take_plan(const fs::path& source, MergedFolder& tells) {
  std::error_code ignored;
  const auto has_plan = [&](const fs::path& folder) {
    return fs::exists(folder / "plan.json", ignored);
  };
  std::optional<Value> there = read_spec(source, tells.problems);
  std::optional<Value> here = read_spec(into_, tells.problems);
  if (!has_plan(into_)) {
    if (!has_plan(source)) return;
    if (there && !here) store_.write_spec(*there);
    store_.write_plan(read_plan(source));
    return;
  }
  Value plan = read_plan(into_);
  PlanChange change{.results = 0};
  if (there && here) change.pointers = differing_pointers(*here, *there);
  const bool same_spec = there && here && change.pointers.empty();
  if (same_spec && has_plan(source) && unite(plan, read_plan(source))) store_.write_plan(plan);

  const std::set<std::string> asked = asked_ids(plan);
  const std::set<std::string> own =
      has_plan(source) ? asked_ids(read_plan(source)) : std::set<std::string>();
  std::size_t earlier = 0;  // of a spec that the source itself has left behind
  std::map<std::string, std::string> by_place;
  for (const Value& run : plan.at("runs").as_list()) by_place.emplace(place_of(run), id_of(run));
  std::string listed;
  for (const RunFile& file : files_of_runs(source)) {
    if (file.part != "runs" || asked.contains(file.id) ||
        !fs::exists(store_.result(file.id), ignored))
      continue;
    if (has_plan(source) && !own.contains(file.id)) {
      ++earlier;
      continue;
    }
    if (++change.results > kListed) continue;
    try {
      const Value result = read_result(file.path, file.id);
      listed += (listed.empty() ? "" : "; ") + coordinates_text(result.at("run"));
      // A run of the same name tells what has changed.
      const auto other = by_place.find(place_of(result.at("run")));
      if (other == by_place.end() || !fs::exists(store_.result(other->second), ignored)) continue;
      const Value twin = read_result(store_.result(other->second), other->second);
      if (result.find("sources") != nullptr && twin.find("sources") != nullptr)
        add_differences(twin.at("sources"), result.at("sources"), change);
      const auto content = [](const Value& is) {
        const Value* dataset = is.find("dataset");
        const Value* hash = dataset == nullptr ? nullptr : dataset->find("content");
        return hash == nullptr ? Value() : *hash;
      };
      const Value& name = result.at("run").at("dataset");
      if (!(content(result) == content(twin)) && name.is_string())
        if (std::ranges::find(change.contents, name.as_string()) == change.contents.end())
          change.contents.push_back(name.as_string());
    } catch (const Error&) {  // told when it was to be taken
    }
  }
  if (earlier > 0)
    tells.notes.push_back(
        fmt::format("{}: {} of its results {} of no present plan, and tables leave "
                    "them out; metriclab clean drops such",
                    source.string(), earlier, earlier == 1 ? "is" : "are"));
  if (change.results == 0) return;
  if (change.results > kListed) listed += fmt::format("; and {} more", change.results - kListed);
  tells.notes.push_back(fmt::format(
      "{}: {} of its results {} not of the plan of {}, and tables leave them out: {} ({})",
      source.string(), change.results, change.results == 1 ? "is" : "are", into_.string(), listed,
      change.why()));
}

Merged Merge::merged() {
  std::error_code ignored;
  if (!fs::exists(into_ / "plan.json", ignored)) return merged_;
  const Value plan = read_plan(into_);
  for (const Value& run : plan.at("runs").as_list()) {
    ++merged_.planned;
    merged_.there += fs::exists(store_.result(id_of(run)), ignored) ? 1 : 0;
  }
  return merged_;
}

}  // namespace

Merged merge_results(const std::vector<fs::path>& sources, const fs::path& into) {
  check_folders(sources, into);
  Merge merge(into);
  for (const fs::path& source : sources) merge.take(source);
  return merge.merged();
}

}  // namespace metriclab
