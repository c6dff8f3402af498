// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <metriclab/cli/command.hpp>
#include <metriclab/cli/results_argument.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/report/page.hpp>

namespace metriclab {

void add_report(CLI::App& app, Globals&, int&) {
  auto* command = app.add_subcommand(
      "report", "results as one HTML page: tables, evidence, figures, embeddings, neighbours");
  command->footer(
      "Examples:\n"
      "  metriclab report results/quickstart\n"
      "  metriclab report results/losses results/miners --metric 'retrieval.*' --output both.html");
  struct Options {
    ResultsArgument of;
    PageOptions page;
    std::filesystem::path output;
  };
  auto options = std::make_shared<Options>();
  add_results_argument(*command, options->of,
                       "what evidence and figures are about, tables having every metric: ");
  command->add_option("--title", options->page.title, "else the experiments' names")
      ->type_name("TEXT");
  command
      ->add_option("--output", options->output,
                   "the file to write; else report.html in the first folder")
      ->type_name("FILE");
  command->callback([options] {
    const auto& folders = options->of.folders;
    options->page.metrics = options->of.metrics;
    options->page.where = options->of.conditions();
    const std::filesystem::path file =
        options->output.empty() ? folders.front() / "report.html" : options->output;
    write_file_whole(file, page_of(folders, options->page));
    fmt::print("{}\n", file.string());
  });
}

}  // namespace metriclab
