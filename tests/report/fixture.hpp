// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/plugin/value.hpp>
#include <string>
#include <vector>

namespace report_test {

using namespace metriclab;
namespace fs = std::filesystem;

/// A run as a test writes it down.
struct WrittenRun {
  std::string dataset, method, split;
  std::int64_t seed = 1;
  std::vector<std::pair<std::string, Value>> metrics = {};  // a string: null, for that reason
  std::string status = "ok", reason = {};
  std::string id = {};  // "" makes one of the coordinates
  bool higher_is_better = true;
  double seconds = 0;  // of fit, when above 0
  std::string finished = {};
  std::string parameters = {};  // the method's block, as JSON
  std::string base = {};        // "": the method
  bool descriptive = false;     // of its metrics neither higher nor lower is better
  std::string curves = {};      // as JSON
  std::string grid = {};        // likewise
  std::string chosen = {};      // by a search, likewise
  int trial = 0;                // of a search, above 0
  std::string part = {};        // that the trial was measured on
};

/// A fresh folder that goes with the object, with results/<experiment>/ below it.
class Folder {
 public:
  explicit Folder(std::string experiment = "hand") : experiment_(std::move(experiment)) {
    std::string pattern = (fs::temp_directory_path() / "metriclab-report-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    fs::create_directories(results() / "runs");
  }
  ~Folder() { fs::remove_all(root_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  fs::path results() const { return root_ / experiment_; }
  fs::path file_of(const WrittenRun& run) const {
    return results() / "runs" / (id_of(run) + ".json");
  }

  static std::string id_of(const WrittenRun& run) {
    return run.id.empty() ? content_hash(fmt::format("{}|{}|{}|{}|{}|{}", run.dataset, run.method,
                                                     run.split, run.seed, run.trial, run.part))
                          : run.id;
  }

  void write(const WrittenRun& run) const {
    Value json = Value::object();
    json.set("schema", 1);
    json.set("id", id_of(run));
    json.set("experiment", experiment_);
    json.set("run", coordinates(run));
    if (!run.curves.empty()) json.set("curves", parse_json(run.curves));
    json.set("dataset", Value::object()).set("block", Value::object()).set("name", run.dataset);
    if (!run.parameters.empty())
      json.set("method", Value::object()).set("block", parse_json(run.parameters));
    json.set("status", run.status);
    json.set("reason", run.reason.empty() ? Value() : Value(run.reason));
    Value& metrics = json.set("metrics", Value::object());
    Value higher = Value::object(), reasons = Value::object();
    for (const auto& [name, value] : run.metrics) {
      metrics.set(name, value.is_string() ? Value() : value);
      higher.set(name, run.descriptive ? Value() : Value(run.higher_is_better));
      if (value.is_string()) reasons.set(name, value);
    }
    json.set("higher_is_better", std::move(higher));
    json.set("reasons", std::move(reasons));
    if (run.seconds > 0) json.set("seconds", Value::object()).set("fit", run.seconds);
    if (!run.finished.empty())
      json.set("environment", Value::object()).set("finished", run.finished);
    write_file_whole(file_of(run), to_json_text(json));
  }

  void plan(const std::vector<WrittenRun>& runs) const {
    Value json = Value::object();
    json.set("schema", 1);
    json.set("experiment", experiment_);
    Value::List list, trials;
    for (const WrittenRun& run : runs) {
      Value& one = (run.trial > 0 ? trials : list).emplace_back(Value::object());
      one.set("id", id_of(run));
      const Value place = coordinates(run);
      for (const Value::Member& member : place.as_object()) one.set(member.key, member.value);
    }
    json.set("runs", Value(std::move(list)));
    if (!trials.empty()) json.set("trials", Value(std::move(trials)));
    write_file_whole(results() / "plan.json", to_json_text(json));
  }

  /// All of them planned and written.
  void write_all(const std::vector<WrittenRun>& runs) const {
    for (const WrittenRun& run : runs) write(run);
    plan(runs);
  }

 private:
  static Value coordinates(const WrittenRun& run) {
    Value value = Value::object();
    value.set("dataset", run.dataset);
    value.set("split", run.split);
    value.set("split_index", 0);
    value.set("method", run.method);
    value.set("base", run.base.empty() ? run.method : run.base);
    value.set("grid", run.grid.empty() ? Value::object() : parse_json(run.grid));
    if (!run.chosen.empty()) value.set("chosen", parse_json(run.chosen));
    if (run.trial > 0) {
      Value& trial = value.set("trial", Value::object());
      trial.set("number", static_cast<std::int64_t>(run.trial));
      trial.set("validation", run.part);
      trial.set("resource", Value());
    }
    value.set("seed", run.seed);
    value.set("baseline", false);
    return value;
  }

  std::string experiment_;
  fs::path root_;
};

}  // namespace report_test
