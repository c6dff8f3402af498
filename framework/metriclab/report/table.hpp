// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <metriclab/report/results.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace metriclab {

enum class TableFormat { text, markdown, latex, csv, json };
std::vector<std::string> table_format_names();
/// Throws Error listing the names when there is none such.
TableFormat table_format_from_string(std::string_view name);

struct TableOptions {
  std::vector<std::string> metrics;  // empty: "knn.accuracy" where it was measured, else the first
  TableFormat format = TableFormat::text;
  bool datasets_as_rows = false;  // otherwise the methods are
};

/// One method on one data set by one metric, over all splits and seeds.
struct Cell {
  std::int64_t planned = 0;   // runs
  std::int64_t measured = 0;  // those with a value
  double mean = 0;            // over the measured; NaN without any
  double deviation = 0;       // with measured − 1 in the denominator; NaN below two
  /// Among the methods on this data set by this metric, 1 the best, ties share the mean of their
  /// ranks. Only complete cells (every planned run has a value) take part; 0 for the others.
  double rank = 0;
  bool best = false;                           // nobody is better, and somebody is worse
  std::map<std::string, std::int64_t> status;  // how many runs ended so, "ok" included
  std::vector<std::string> notes;              // why runs have no value, most frequent first

  bool complete() const { return planned > 0 && measured == planned; }
};

/// The mean rank of each method over data sets (Demšar. Statistical comparisons of classifiers over
/// multiple data sets. JMLR 2006, section 3.1.3): over those on which every method has a complete
/// cell. A method without any complete cell is left aside.
struct AverageRanks {
  std::int64_t datasets = 0;  // how many it is over; without two of them there are no ranks
  std::vector<std::optional<double>> ranks;  // by method
};

struct Table {
  std::vector<std::string> experiments, datasets, methods, metrics;
  std::vector<Better> better;               // by metric
  std::vector<Cell> cells;                  // (metric, data set, method), the last fastest
  std::vector<AverageRanks> average_ranks;  // by metric
  std::vector<std::vector<std::string>>
      runs_over;  // by data set: {"5 splits", "3 seeds"}, those above one
  std::int64_t left_out = 0;
  std::vector<std::string> problems, notes;

  const Cell& cell(std::size_t metric, std::size_t dataset, std::size_t method) const {
    return cells[(metric * datasets.size() + dataset) * methods.size() + method];
  }
};

/// Ranks of values, 1 for the best. Values that differ by rounding alone (1e-12, relative to the
/// larger) tie, and ties share the mean of their ranks, so that the sum is n(n + 1)/2. None where
/// neither is better.
std::vector<double> ranks_of(const std::vector<double>& values, Better better);

/// Throws Error when a metric was measured nowhere, naming those that were.
Table make_table(const Results& results, const TableOptions& options);

/// The table with all that a reader must know: what it shows, runs a cell, why values are missing,
/// what is left out. CSV has one line for each cell, JSON all of `Table`.
std::string render(const Table& table, const TableOptions& options);

/// The table of one folder of results, for the end of `metriclab run`.
std::string table_text(const std::filesystem::path& results_folder,
                       const TableOptions& options = {});

}  // namespace metriclab
