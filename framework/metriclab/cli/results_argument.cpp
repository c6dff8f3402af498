// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <metriclab/cli/results_argument.hpp>

namespace metriclab {

std::vector<Condition> ResultsArgument::conditions() const {
  std::vector<Condition> all;
  for (const std::string& each : where) all.push_back(condition_from_string(each));
  return all;
}

void add_results_argument(CLI::App& command, ResultsArgument& given, const std::string& metric_is) {
  command.add_option("DIR", given.folders, "folders of results, such as results/quickstart")
      ->required();
  command
      .add_option("--metric", given.metrics,
                  metric_is +
                      "\"evaluator.metric\" or \"seconds.fit\", \"*\" for anything; may be given "
                      "several times; else knn.accuracy, or the first")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command
      .add_option("--where", given.where,
                  "keeps what fits: dataset=wine,iris or method!=euclidean or "
                  "\"/method/loss/margin>=0.2\"; may be given several times")
      ->type_name("CONDITION")
      ->allow_extra_args(false);
}

int tell_problems(const std::vector<std::string>& problems) {
  for (const std::string& problem : problems) fmt::print(stderr, "warning: {}\n", problem);
  return problems.empty() ? 0 : 1;
}

}  // namespace metriclab
