// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <metriclab/report/coordinate.hpp>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace metriclab {

/// Which results a command is about, and which of them.
struct ResultsArgument {
  std::vector<std::filesystem::path> folders;
  std::vector<std::string> metrics, where;

  /// What `where` says; throws Error as `condition_from_string` does.
  std::vector<Condition> conditions() const;
};

/// Adds DIR…, --metric and --where, which write to `given`. `metric_is` goes before the words on
/// how metrics are named.
void add_results_argument(CLI::App& command, ResultsArgument& given,
                          const std::string& metric_is = "");

/// Warns of files that can't be used; the exit code: 1 where there are any.
int tell_problems(const std::vector<std::string>& problems);

}  // namespace metriclab
