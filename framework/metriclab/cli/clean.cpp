// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <metriclab/cli/command.hpp>
#include <metriclab/experiment/clean.hpp>
#include <metriclab/experiment/result_store.hpp>

namespace metriclab {
namespace {

namespace fs = std::filesystem;

void print(const fs::path& folder, const NotAskedFor& what) {
  std::string parts;
  for (const auto& [part, count] : what.parts)
    parts += fmt::format("{}{} in {}", parts.empty() ? "" : ", ", count, part);
  fmt::print("{}: {} results are asked for; not asked for: {}\n", folder.string(), what.kept,
             parts.empty() ? "nothing"
                           : fmt::format("{}, {:.2f} MiB", parts,
                                         static_cast<double>(what.bytes) / (1 << 20)));
  for (const auto& [method, count] : what.methods)
    fmt::print("  {} result{} of {}\n", count, count == 1 ? "" : "s",
               method == "?" ? "which can't be read" : method);
}

}  // namespace

void add_clean(CLI::App& app, Globals&, int&) {
  auto* command = app.add_subcommand(
      "clean", "drops results, models, logs and the like that the present spec does not ask for");
  command->footer(
      "Shows what it would drop, and drops it with --yes. What the present spec asks for is in\n"
      "plan.json, which the last \"metriclab run\" wrote; other files are never touched.\n"
      "Examples:\n"
      "  metriclab clean results/quickstart\n"
      "  metriclab clean results/quickstart --yes");
  struct Options {
    std::vector<fs::path> folders;
    bool yes = false;
  };
  auto options = std::make_shared<Options>();
  command->add_option("DIR", options->folders, "folders of results, such as results/quickstart")
      ->required();
  command->add_flag("--yes", options->yes, "do it");
  command->callback([options] {
    std::size_t files = 0;
    // All of them are looked at before anything is removed from one.
    for (const fs::path& folder : options->folders) {
      if (const auto runner = ResultStore::runner_at(folder))
        throw Error(fmt::format("{}: a runner is at work there ({}); wait for it", folder.string(),
                                *runner));
      const NotAskedFor what = not_asked_for(folder);
      print(folder, what);
      files += what.files.size();
    }
    if (!options->yes) {
      if (files > 0) fmt::print("nothing was removed; --yes removes it\n");
      return;
    }
    for (const fs::path& folder : options->folders) {
      const ResultStore lock(folder);  // no runner may begin meanwhile
      remove_files(not_asked_for(folder));
    }
    if (files > 0) fmt::print("removed\n");
  });
}

}  // namespace metriclab
