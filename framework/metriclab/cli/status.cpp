// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <metriclab/cli/command.hpp>
#include <metriclab/experiment/result_store.hpp>
#include <metriclab/experiment/run_mark.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/report/results.hpp>

namespace metriclab {
namespace {

namespace fs = std::filesystem;

// More runs of one reason than these are counted, not listed.
constexpr std::size_t kListed = 3;

/// A run as its file tells it, or what is known of one without.
struct RunStatus {
  Record record;  // with "running" as another status
  std::optional<GoingOn> going_on;
};

struct FolderStatus {
  fs::path folder;
  std::string experiment;
  std::optional<std::string> runner;
  std::vector<RunStatus> runs, trials;
  std::int64_t left_out = 0;
};

/// Whether an interrupted training left something to go on from: anything but a worker's mark.
bool holds_training(const fs::path& checkpoints) {
  std::error_code error;
  const fs::directory_iterator files(checkpoints, error);
  return !error && std::ranges::any_of(files, [](const fs::directory_entry& file) {
    return file.path().filename() != RunMark::kFile;
  });
}

std::vector<RunStatus> statuses(const fs::path& folder, std::vector<Record> records, bool runner) {
  std::vector<RunStatus> all;
  for (Record& record : records) {
    RunStatus& is = all.emplace_back(RunStatus{.record = std::move(record), .going_on = {}});
    if (is.record.status != "missing") continue;
    const fs::path checkpoints = folder / "checkpoints" / is.record.id;
    is.going_on = RunMark::at(checkpoints);
    if (is.going_on)
      is.record.status = "running";
    else if (is.record.id.starts_with("pending-"))
      is.record.reason = "its search has not ended, which finds its values";
    else if (holds_training(checkpoints))
      is.record.reason = "was interrupted, and goes on from its checkpoint";
    else
      is.record.reason = runner ? "not begun yet" : "not made; metriclab run makes it";
  }
  return all;
}

FolderStatus status_of(const fs::path& folder) {
  FolderStatus is{.folder = folder,
                  .experiment = {},
                  .runner = ResultStore::runner_at(folder),
                  .runs = {},
                  .trials = {}};
  Results results = read_results({folder});
  if (!results.experiments.empty()) is.experiment = results.experiments.front();
  is.left_out = results.left_out;
  is.runs = statuses(folder, std::move(results.records), is.runner.has_value());
  for (const std::string& problem : results.problems) fmt::print(stderr, "warning: {}\n", problem);
  if (!results.has_trials) return is;
  Results trials = read_results({folder}, {.trials = true});
  is.trials = statuses(folder, std::move(trials.records), is.runner.has_value());
  for (const std::string& problem : trials.problems) fmt::print(stderr, "warning: {}\n", problem);
  return is;
}

std::map<std::string, std::size_t> counts_of(const std::vector<RunStatus>& runs) {
  std::map<std::string, std::size_t> counts;
  for (const RunStatus& is : runs) ++counts[is.record.status];
  return counts;
}

Value to_value(const std::vector<RunStatus>& runs) {
  Value::List list;
  for (const RunStatus& is : runs) {
    const Record& record = is.record;
    Value& value = list.emplace_back(Value::object());
    value.set("id", record.id);
    value.set("dataset", record.dataset);
    value.set("split", record.split);
    value.set("method", record.method);
    value.set("seed", record.seed);
    value.set("status", record.status);
    value.set("reason", record.reason.empty() ? Value() : Value(record.reason));
    if (!is.going_on) continue;
    value.set("done", is.going_on->done);
    value.set("doing", is.going_on->doing);
    value.set("process", is.going_on->process);
    value.set("host", is.going_on->host);
  }
  return Value(std::move(list));
}

Value to_value(const FolderStatus& is) {
  Value counts = Value::object();
  for (const auto& [status, count] : counts_of(is.runs))
    counts.set(status, static_cast<std::int64_t>(count));
  Value value = Value::object();
  value.set("folder", is.folder.string());
  value.set("experiment", is.experiment);
  value.set("runner", is.runner ? Value(*is.runner) : Value());
  value.set("counts", std::move(counts));
  value.set("left_out", is.left_out);
  value.set("runs", to_value(is.runs));
  if (!is.trials.empty()) value.set("trials", to_value(is.trials));
  return value;
}

std::string counts_text(const std::vector<RunStatus>& runs) {
  const auto counts = counts_of(runs);
  std::string text;
  for (const char* status : {"ok", "skipped", "failed", "timed_out", "out_of_memory", "crashed",
                             "unreadable", "running", "missing"})
    if (const auto found = counts.find(status); found != counts.end())
      text += fmt::format(", {} {}", found->second, status);
  return text;
}

std::string run_text(const Record& record) {
  return fmt::format("{}, {}, {}, seed {}", record.dataset, record.split, record.method,
                     record.seed);
}

void print_reasons(const std::vector<RunStatus>& runs) {
  std::map<std::pair<std::string, std::string>, std::vector<const Record*>> reasons;
  for (const RunStatus& is : runs) {
    const Record& record = is.record;
    if (is.going_on)
      fmt::print("running: {}: {:.0f} %{}{} (process {} on {})\n", run_text(record),
                 100 * is.going_on->done, is.going_on->doing.empty() ? "" : ", ",
                 is.going_on->doing, is.going_on->process, is.going_on->host);
    else if (record.status != "ok")
      reasons[{record.status, record.reason}].push_back(&record);
  }
  for (const auto& [what, records] : reasons) {
    const auto& [status, reason] = what;
    fmt::print("{}{}{}\n", status, reason.empty() ? "" : ": ", reason);
    for (std::size_t i = 0; i < std::min(kListed, records.size()); ++i)
      fmt::print("  {}  {}\n", records[i]->id, run_text(*records[i]));
    if (records.size() > kListed) fmt::print("  and {} more\n", records.size() - kListed);
  }
}

void print(const FolderStatus& is) {
  fmt::print("{}: {} runs{}\n", is.folder.string(), is.runs.size(), counts_text(is.runs));
  print_reasons(is.runs);
  if (!is.trials.empty()) {
    fmt::print("{} trials so far{}\n", is.trials.size(), counts_text(is.trials));
    print_reasons(is.trials);
  }
  if (is.left_out > 0) fmt::print("{} results are not of the present spec\n", is.left_out);
  if (is.runner) fmt::print("a runner is at work there ({})\n", *is.runner);
}

}  // namespace

void add_status(CLI::App& app, Globals&, int& exit_code) {
  auto* command = app.add_subcommand("status", "done, running, failed, skipped, missing, and why");
  command->footer(
      "Exit code 0: all is done; 1: some run failed, or is not done.\n"
      "Examples:\n"
      "  metriclab status results/quickstart\n"
      "  watch metriclab status results/quickstart\n"
      "  metriclab status results/* --json");
  struct Options {
    std::vector<fs::path> folders;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  command->add_option("DIR", options->folders, "folders of results, such as results/quickstart")
      ->required();
  command->add_flag("--json", options->json,
                    "as JSON on stdout: a list of folders, each with its runner, counts and runs");
  command->callback([&exit_code, options] {
    Value::List all;
    for (const fs::path& folder : options->folders) {
      const FolderStatus is = status_of(folder);
      for (const RunStatus& run : is.runs)
        if (run.record.status != "ok" && run.record.status != "skipped") exit_code = 1;
      if (options->json)
        all.push_back(to_value(is));
      else
        print(is);
    }
    if (options->json) fmt::print("{}\n", to_json_text(Value(std::move(all))));
  });
}

}  // namespace metriclab
