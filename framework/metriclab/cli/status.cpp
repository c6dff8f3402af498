// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <metriclab/cli/command.hpp>
#include <metriclab/experiment/result_store.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/report/results.hpp>

namespace metriclab {
namespace {

namespace fs = std::filesystem;

// More runs of one reason than these are counted, not listed.
constexpr std::size_t kListed = 3;

std::string run_text(const Record& record) {
  return fmt::format("{}, {}, {}, seed {}", record.dataset, record.split, record.method,
                     record.seed);
}

Value to_value(const Record& record) {
  Value value = Value::object();
  value.set("id", record.id);
  value.set("dataset", record.dataset);
  value.set("split", record.split);
  value.set("method", record.method);
  value.set("seed", record.seed);
  value.set("status", record.status);
  value.set("reason", record.reason.empty() ? Value() : Value(record.reason));
  return value;
}

void print(const fs::path& folder, const Results& results) {
  std::map<std::string, std::size_t> counts;
  std::map<std::pair<std::string, std::string>, std::vector<const Record*>> reasons;
  for (const Record& record : results.records) {
    ++counts[record.status];
    if (record.status != "ok") reasons[{record.status, record.reason}].push_back(&record);
  }
  std::string text = fmt::format("{}: {} runs", folder.string(), results.records.size());
  for (const char* status : {"ok", "skipped", "failed", "timed_out", "out_of_memory", "crashed",
                             "unreadable", "missing"})
    if (counts.contains(status)) text += fmt::format(", {} {}", counts[status], status);
  fmt::print("{}\n", text);
  for (const auto& [what, records] : reasons) {
    const auto& [status, reason] = what;
    fmt::print("{}{}{}\n", status, reason.empty() ? "" : ": ", reason);
    for (std::size_t i = 0; i < std::min(kListed, records.size()); ++i)
      fmt::print("  {}  {}\n", records[i]->id, run_text(*records[i]));
    if (records.size() > kListed) fmt::print("  and {} more\n", records.size() - kListed);
  }
  if (results.left_out > 0)
    fmt::print("{} results are not of the present spec\n", results.left_out);
}

}  // namespace

void add_status(CLI::App& app, Globals&, int& exit_code) {
  auto* command = app.add_subcommand("status", "done, failed, skipped, missing, and why");
  command->footer("Example: metriclab status results/quickstart");
  struct Options {
    std::vector<fs::path> folders;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  command->add_option("DIR", options->folders, "folders of results, such as results/quickstart")
      ->required();
  command->add_flag("--json", options->json, "each run, as JSON on stdout");
  command->callback([&exit_code, options] {
    Value::List all;
    for (const fs::path& folder : options->folders) {
      const Results results = read_results({folder});
      for (const Record& record : results.records)
        if (record.status != "ok" && record.status != "skipped") exit_code = 1;
      for (const std::string& problem : results.problems)
        fmt::print(stderr, "warning: {}\n", problem);
      if (options->json) {
        for (const Record& record : results.records) all.push_back(to_value(record));
        continue;
      }
      print(folder, results);
      if (const auto runner = ResultStore::runner_at(folder))
        fmt::print("a runner is at work there ({})\n", *runner);
    }
    if (options->json) fmt::print("{}\n", to_json_text(Value(std::move(all))));
  });
}

}  // namespace metriclab
