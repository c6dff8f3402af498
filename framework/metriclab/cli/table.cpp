// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <metriclab/cli/command.hpp>
#include <metriclab/cli/results_argument.hpp>
#include <metriclab/cli/terminal.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/report/table.hpp>

namespace metriclab {
namespace {

struct Arguments {
  ResultsArgument of;
  std::string format = "text", rows, columns, sort = "spec", sort_columns = "spec", against;
  std::string spread = "deviation";
  std::filesystem::path output;
  int digits = -1, width = -1;
  bool percent = false, pairs = false, trials = false;
};

TableOptions options_of(const Arguments& given) {
  TableOptions options;
  options.metrics = given.of.metrics;
  options.format = table_format_from_string(given.format);
  if (!given.rows.empty()) options.rows = coordinates_from_string(given.rows);
  if (!given.columns.empty()) options.columns = coordinates_from_string(given.columns);
  options.where = given.of.conditions();
  options.row_order = table_order_from_string(given.sort);
  options.column_order = table_order_from_string(given.sort_columns);
  options.against = given.against;
  options.pairs = given.pairs;
  options.trials = given.trials;
  if (given.digits >= 0) options.digits = given.digits;
  options.percent = given.percent;
  if (given.spread != "deviation" && given.spread != "none")
    throw Error(fmt::format("there is no spread \"{}\"{}", given.spread,
                            suggestion(given.spread, {"deviation", "none"})));
  options.deviation = given.spread == "deviation";
  if (given.width >= 0)
    options.width = static_cast<std::size_t>(given.width);
  else if (given.output.empty())
    options.width = terminal_width(stdout).value_or(0);
  return options;
}

}  // namespace

void add_table(CLI::App& app, Globals&, int& exit_code) {
  auto* command =
      app.add_subcommand("table", "results as a table: text, Markdown, LaTeX, CSV, JSON");
  command->footer(
      "Rows and columns: method, base (without its grid's values), dataset, split, seed, metric,\n"
      "experiment, and parameters by JSON pointer; what is in neither is averaged over.\n"
      "Examples:\n"
      "  metriclab table results/quickstart --metric knn.accuracy --metric seconds.fit\n"
      "  metriclab table results/keel --where 'dataset=wine,iris' --sort rank --against euclidean\n"
      "  metriclab table results/constraints --rows base --columns /method/n_constraints \\\n"
      "    --where dataset=wine --percent --format latex --output table.tex");
  auto given = std::make_shared<Arguments>();
  add_results_argument(*command, given->of);
  command->add_option("--rows", given->rows, "what rows differ in, with commas; else method")
      ->type_name("WHAT");
  command->add_option("--columns", given->columns, "likewise the columns; else dataset")
      ->type_name("WHAT");
  command->add_option("--sort", given->sort, "rows by spec, name, mean or rank")
      ->capture_default_str()
      ->type_name("ORDER");
  command->add_option("--sort-columns", given->sort_columns, "columns, likewise")
      ->capture_default_str()
      ->type_name("ORDER");
  command
      ->add_option("--against", given->against,
                   "a method: on how many data sets each other one is better, equal, worse")
      ->type_name("METHOD");
  command->add_flag("--trials", given->trials,
                    "the trials of searches in the place of the runs that are compared");
  command->add_flag("--pairs", given->pairs, "the same of each method against each");
  command->add_option("--digits", given->digits, "decimals; else four figures")
      ->check(CLI::Range(0, 17));
  command->add_flag("--percent", given->percent, "shares of one are shown times 100");
  command->add_option("--spread", given->spread, "deviation or none")
      ->capture_default_str()
      ->type_name("WHAT");
  command->add_option("--format", given->format, "text, markdown, latex, csv or json")
      ->capture_default_str()
      ->type_name("FORMAT");
  command
      ->add_option("--width", given->width,
                   "characters a line of text, 0 for any number; else the terminal's")
      ->check(CLI::Range(0, 100000));
  command->add_option("--output", given->output, "a file to write instead of stdout")
      ->type_name("FILE");
  command->callback([&exit_code, given] {
    const TableOptions options = options_of(*given);
    const Results results = read_results(given->of.folders, reading(options));
    const std::string text = render(make_table(results, options), options);
    if (given->output.empty())
      fmt::print("{}", text);
    else
      write_file_whole(given->output, text);
    exit_code = tell_problems(results.problems);
  });
}

}  // namespace metriclab
