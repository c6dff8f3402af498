// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <metriclab/cli/command.hpp>
#include <metriclab/experiment/merge.hpp>

namespace metriclab {
namespace {

namespace fs = std::filesystem;

void print(const MergedFolder& is) {
  std::string text =
      fmt::format("{}: {} result{} taken", is.folder.string(), is.taken, is.taken == 1 ? "" : "s");
  if (is.same > 0) text += fmt::format(", {} there already", is.same);
  if (is.kept > 0) text += fmt::format(", {} not taken, for there is a better one", is.kept);
  if (is.conflicts > 0) text += fmt::format(", {} in conflict", is.conflicts);
  if (!is.problems.empty()) text += fmt::format(", {} unreadable", is.problems.size());
  if (is.others > 0)
    text += fmt::format("; {} model{} or other file{}", is.others, is.others == 1 ? "" : "s",
                        is.others == 1 ? "" : "s");
  fmt::print("{}\n", text);
  for (const std::string& note : is.notes) fmt::print(stderr, "{}\n", note);
  for (const std::string& problem : is.problems) fmt::print(stderr, "warning: {}\n", problem);
  for (const std::string& alarm : is.alarms) fmt::print(stderr, "error: {}\n", alarm);
}

}  // namespace

void add_merge(CLI::App& app, Globals&, int& exit_code) {
  auto* command = app.add_subcommand(
      "merge", "puts results of one experiment from several machines into one folder");
  command->footer(
      "One run's results that differ are an alarm: both files are named, neither is changed, and\n"
      "the exit code is 1. Can be repeated; the folders that are merged stay as they are.\n"
      "Example: metriclab merge host1/results/quickstart host2/results/quickstart \\\n"
      "           --into results/quickstart");
  struct Options {
    std::vector<fs::path> folders;
    fs::path into;
  };
  auto options = std::make_shared<Options>();
  command->add_option("DIR", options->folders, "folders of results, such as results/quickstart")
      ->required();
  command->add_option("--into", options->into, "the folder that takes them; made where it is not")
      ->required()
      ->type_name("DIR");
  command->callback([&exit_code, options] {
    const Merged merged = merge_results(options->folders, options->into);
    for (const MergedFolder& folder : merged.folders) {
      print(folder);
      if (folder.conflicts > 0 || !folder.problems.empty()) exit_code = 1;
    }
    if (merged.planned > 0)
      fmt::print("{}: {} of {} runs have a result\n", options->into.string(), merged.there,
                 merged.planned);
  });
}

}  // namespace metriclab
