// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <metriclab/report/coordinate.hpp>
#include <metriclab/report/results.hpp>
#include <metriclab/report/standing.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace metriclab {

enum class TableFormat { text, markdown, latex, csv, json };
std::vector<std::string> table_format_names();
/// Throws Error listing the names when there is none such.
TableFormat table_format_from_string(std::string_view name);

/// What rows or columns are sorted by: the order of the spec; names; the mean over their cells by
/// the first metric, the best first; the mean rank of their methods by it.
enum class TableOrder { spec, name, mean, rank };
std::vector<std::string> table_order_names();
TableOrder table_order_from_string(std::string_view name);

struct TableOptions {
  /// Names, or patterns with "*"; empty: "knn.accuracy" where it was measured, else the first.
  std::vector<std::string> metrics = {};
  TableFormat format = TableFormat::text;
  /// What rows and columns differ in. Empty rows: methods, or data sets where the columns have the
  /// methods; empty columns the other of the two, or metrics where the rows have both. Several
  /// metrics that neither names are the innermost of the columns.
  std::vector<Coordinate> rows = {}, columns = {};
  std::vector<Condition> where = {};
  bool trials = false;  // of searches, in the place of what is compared
  TableOrder row_order = TableOrder::spec, column_order = TableOrder::spec;
  std::string against = {};  // the method that all others are counted against
  bool pairs = false;        // each method is counted against each
  // The following change what is shown to people, and nothing of CSV and JSON.
  std::optional<int> digits = {};  // decimals; otherwise four figures of a column's largest
  bool percent = false;            // metrics between −1 and 1 times 100; times never
  bool deviation = true;
  std::size_t width = 0;  // characters of a line of text; 0: as many as it takes
};

/// The runs of one row and column: all that differ in what is on neither.
struct Cell {
  std::int64_t planned = 0;   // runs
  std::int64_t measured = 0;  // those with a value
  std::int64_t datasets = 0;  // how many data sets they are over
  double mean = 0;            // over the measured; NaN without any
  double deviation = 0;       // with measured − 1 in the denominator; NaN below two
  std::size_t group = 0;      // of `Table::groups`; of no meaning where nothing is planned
  /// Among the cells of its group, 1 the best, ties share the mean of their ranks. Only complete
  /// cells (every planned run has a value) over all data sets of the group take part; 0 for others.
  double rank = 0;
  bool best = false;                           // nobody is better, and somebody is worse
  bool second = false;                         // only the best are better, and somebody is worse
  std::map<std::string, std::int64_t> status;  // how many runs ended so, "ok" included
  std::vector<std::string> notes;              // why runs have no value, most frequent first

  bool complete() const { return planned > 0 && measured == planned; }
};

/// The rows, or the columns: by number, the value of each coordinate; "" for a parameter that there
/// isn't.
struct Axis {
  std::vector<Coordinate> coordinates;
  std::vector<std::vector<std::string>> keys;
};

/// Cells whose numbers can be compared: those of one metric that differ in their methods alone (in
/// their experiments, where no coordinate is of methods). Without such a coordinate nothing is
/// compared, and each cell is a group.
struct Group {
  std::size_t metric = 0;
  std::vector<std::string> place = {};  // the values of what else rows and columns differ in
  std::int64_t usual_runs = 0;          // the most that a cell of it is over
  std::int64_t datasets = 0;            // likewise
  std::vector<std::string> over = {};   // what such a cell is over: {"5 splits", "3 seeds"}
};

struct Table {
  std::vector<std::string> experiments, metrics;
  std::vector<std::string> datasets, methods;  // of the records, in the order of the plan
  std::vector<Better> better;                  // by metric
  std::vector<std::string> where;              // conditions, as they were written
  Axis rows, columns;
  std::vector<Cell> cells;  // (row, column), the last fastest
  std::vector<Group> groups;
  /// What is compared, and each combination of it that there is, in the order of the rows and
  /// columns.
  std::vector<Coordinate> compared;
  std::vector<std::vector<std::string>> contestants;
  std::vector<std::string> problems_are;  // what each problem of standings is one of: {"data set"}
  std::vector<Standings> standings;       // by metric; of `contestants`
  std::optional<std::size_t> against;     // of `contestants`
  bool pairs = false;
  std::int64_t left_out = 0;
  std::vector<std::string> problems, notes;

  const Cell& cell(std::size_t row, std::size_t column) const {
    return cells[row * columns.keys.size() + column];
  }
  /// Of a table of the default rows, columns and orders: by number in `metrics`, `datasets` and
  /// `methods`.
  const Cell& cell(std::size_t metric, std::size_t dataset, std::size_t method) const;
};

/// Throws Error when a metric was measured nowhere, a coordinate is named twice, a condition fits
/// nothing, a method to count against isn't there, or an order doesn't suit; it names those that
/// do. The results must have been read with `reading(options)`.
Table make_table(const Results& results, const TableOptions& options);

ReadOptions reading(const TableOptions& options);

/// The table with all that a reader must know: what it shows, runs a cell, why values are missing,
/// what is left out. CSV has one line for each cell, JSON all of `Table`.
std::string render(const Table& table, const TableOptions& options);

/// The table of one folder of results, for the end of `metriclab run`.
std::string table_text(const std::filesystem::path& results_folder,
                       const TableOptions& options = {});

}  // namespace metriclab
