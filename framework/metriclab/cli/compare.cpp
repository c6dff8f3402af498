// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <metriclab/cli/command.hpp>
#include <metriclab/cli/results_argument.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/report/comparison_text.hpp>

namespace metriclab {
namespace {

struct Options {
  ComparisonOptions how;
  std::vector<std::filesystem::path> folders;
  std::vector<std::string> methods;
  std::string correction = correction_names().front(), test = pair_test_names().front();
  std::string format = comparison_format_names().front();
  std::filesystem::path diagram, output;
};

/// Names separated by commas, save where a comma is part of a name, as in those of a grid.
std::vector<std::string> split_names(const std::vector<std::string>& texts,
                                     const Results& results) {
  const auto is_method = [&](const std::string& name) {
    return std::any_of(results.records.begin(), results.records.end(),
                       [&](const Record& record) { return record.method == name; });
  };
  std::vector<std::string> names;
  for (const std::string& text : texts) {
    if (is_method(text)) {
      names.push_back(text);
      continue;
    }
    for (const std::string& name : CLI::detail::split(text, ','))
      if (!name.empty()) names.push_back(name);
  }
  return names;
}

void compare_folders(Options& options, int& exit_code) {
  options.how.correction = correction_from_string(options.correction);
  options.how.test = pair_test_from_string(options.test);
  const ComparisonFormat format = comparison_format_from_string(options.format);
  const Results results = read_results(options.folders);
  options.how.methods = split_names(options.methods, results);
  const Comparison comparison = compare(results, options.folders, options.how);
  if (!options.diagram.empty())
    write_file_whole(options.diagram, svg_of(cd_diagram_of(comparison)));
  const std::string text = render(comparison, format);
  if (options.output.empty())
    fmt::print("{}", text);
  else
    write_file_whole(options.output, text);
  exit_code = tell_problems(results.problems);
}

}  // namespace

void add_compare(CLI::App& app, Globals&, int& exit_code) {
  auto* command = app.add_subcommand(
      "compare",
      "which method is better than which, by statistical tests over data sets or splits");
  command->footer(
      "Example: metriclab compare results/keel --methods euclidean,lmnn,itml,nca --cd keel.svg");
  auto options = std::make_shared<Options>();
  command->add_option("DIR", options->folders, "folders of results, such as results/quickstart")
      ->required();
  command
      ->add_option("--metric", options->how.metric,
                   "\"evaluator.metric\" or \"seconds.fit\"; else knn.accuracy, or the first")
      ->type_name("NAME");
  command
      ->add_option("--methods", options->methods,
                   "the methods to compare, separated by commas or given one by one; else all")
      ->allow_extra_args(false)
      ->type_name("NAME,…");
  command
      ->add_option("--control", options->how.control,
                   "compare each method with this one only, which takes fewer tests than all pairs")
      ->type_name("METHOD");
  command
      ->add_option("--alpha", options->how.alpha,
                   "the probability of any wrong \"better\" that is allowed for")
      ->capture_default_str();
  command
      ->add_option("--rope", options->how.rope,
                   "region of practical equivalence: differences up to this don't matter")
      ->capture_default_str();
  command
      ->add_option("--test", options->test,
                   "of pairs over data sets: wilcoxon (signed ranks) or ranks (mean ranks)")
      ->capture_default_str()
      ->type_name("TEST");
  command
      ->add_option("--correction", options->correction,
                   "for the number of pairs: bergmann_hommel, shaffer or holm; with --control "
                   "always holm")
      ->capture_default_str()
      ->type_name("NAME");
  command->add_option("--format", options->format, "text, markdown or json")
      ->capture_default_str()
      ->type_name("FORMAT");
  command->add_option("--cd", options->diagram, "write a critical-difference diagram there, SVG")
      ->type_name("FILE");
  command->add_option("--output", options->output, "a file to write instead of stdout")
      ->type_name("FILE");
  command->callback([&exit_code, options] { compare_folders(*options, exit_code); });
}

}  // namespace metriclab
