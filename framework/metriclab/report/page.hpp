// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <metriclab/report/coordinate.hpp>
#include <string>
#include <vector>

namespace metriclab {

struct PageOptions {
  std::string title = {};  // "": the experiments' names
  /// What evidence and figures are about, names or patterns; empty: as tables do. Tables show every
  /// metric, this one first.
  std::vector<std::string> metrics = {};
  std::vector<Condition> where = {};
};

/// Folders of results as one HTML page that needs no other file and no network:
///
/// - a table of every metric, to be sorted and filtered;
/// - what the evidence allows to say, with the critical-difference diagram;
/// - figures: learning curves, a metric against parameters, time against quality, ROC and DET;
/// - test examples of each data set in the plane, by principal components and by t-SNE, for two
///   methods side by side, and their nearest neighbours, right and wrong;
/// - every run, with how it ended (above 5000 only those that did not end well);
/// - the specs, and the environments of the runs, to make them again.
///
/// A part that the results have nothing for is left out, or says why. The same results give the
/// same bytes. Throws Error as `read_results`, `make_table` and `make_figures` do.
std::string page_of(const std::vector<std::filesystem::path>& folders, const PageOptions& options);

}  // namespace metriclab
