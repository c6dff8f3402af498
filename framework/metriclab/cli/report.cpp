// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <metriclab/cli/command.hpp>
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
    std::vector<std::filesystem::path> folders;
    std::vector<std::string> where;
    PageOptions page;
    std::filesystem::path output;
  };
  auto options = std::make_shared<Options>();
  command->add_option("DIR", options->folders, "folders of results, such as results/quickstart")
      ->required();
  command
      ->add_option("--metric", options->page.metrics,
                   "what evidence and figures are about, \"*\" for anything; may be given several "
                   "times; else knn.accuracy, or the first. Tables show every metric")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command
      ->add_option("--where", options->where,
                   "keeps what fits: dataset=wine,iris or method!=euclidean; may be given several "
                   "times")
      ->type_name("CONDITION")
      ->allow_extra_args(false);
  command->add_option("--title", options->page.title, "else the experiments' names")
      ->type_name("TEXT");
  command
      ->add_option("--output", options->output,
                   "the file to write; else report.html in the first folder")
      ->type_name("FILE");
  command->callback([options] {
    for (const std::string& each : options->where)
      options->page.where.push_back(condition_from_string(each));
    const std::filesystem::path file =
        options->output.empty() ? options->folders.front() / "report.html" : options->output;
    write_file_whole(file, page_of(options->folders, options->page));
    fmt::print("{}\n", file.string());
  });
}

}  // namespace metriclab
