// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <metriclab/cli/command.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/report/table.hpp>

namespace metriclab {

void add_table(CLI::App& app, Globals&, int& exit_code) {
  auto* command =
      app.add_subcommand("table", "results as a table: text, Markdown, LaTeX, CSV, JSON");
  command->footer(
      "Example: metriclab table results/quickstart --metric knn.accuracy --metric seconds.fit "
      "--format latex");
  struct Options {
    std::vector<std::filesystem::path> folders;
    std::vector<std::string> metrics;
    std::string format = "text", rows = "methods";
    std::filesystem::path output;
  };
  auto options = std::make_shared<Options>();
  command->add_option("DIR", options->folders, "folders of results, such as results/quickstart")
      ->required();
  command
      ->add_option("--metric", options->metrics,
                   "\"evaluator.metric\" or \"seconds.fit\"; may be given several times; else "
                   "knn.accuracy, or the first")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command->add_option("--format", options->format, "text, markdown, latex, csv or json")
      ->capture_default_str()
      ->type_name("FORMAT");
  command->add_option("--rows", options->rows, "methods or datasets; the other is in the columns")
      ->capture_default_str()
      ->type_name("WHAT");
  command->add_option("--output", options->output, "a file to write instead of stdout")
      ->type_name("FILE");
  command->callback([&exit_code, options] {
    TableOptions how;
    how.metrics = options->metrics;
    how.format = table_format_from_string(options->format);
    if (options->rows != "methods" && options->rows != "datasets")
      throw Error(fmt::format("--rows: there is no \"{}\"{}", options->rows,
                              suggestion(options->rows, {"methods", "datasets"})));
    how.datasets_as_rows = options->rows == "datasets";
    const Results results = read_results(options->folders);
    const std::string text = render(make_table(results, how), how);
    if (options->output.empty())
      fmt::print("{}", text);
    else
      write_file_whole(options->output, text);
    for (const std::string& problem : results.problems)
      fmt::print(stderr, "warning: {}\n", problem);
    if (!results.problems.empty()) exit_code = 1;
  });
}

}  // namespace metriclab
