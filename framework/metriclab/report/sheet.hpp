// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/report/table.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// One place of a table as it is shown, before any format's marks.
struct Entry {
  std::string
      value;  // "0.9725"; or "failed", "skipped", "missing", …; or "" where nothing was planned
  std::string deviation;  // "0.0210" or ""
  bool best = false, second = false;
  std::vector<std::size_t> notes;  // numbers of footnotes, from 1
};

/// A table laid out in rows and columns, for the formats that people read.
struct Sheet {
  std::string title;                     // which experiments
  std::vector<std::string> description;  // what the numbers are; sentences
  std::vector<std::string> row_heads;    // above each column of labels; "" where they need no name
  std::vector<std::vector<std::string>> rows;     // labels: by row, then column of labels
  std::vector<std::vector<std::string>> columns;  // headings: by column, then line; those of equal
                                                  // lines above stand below one heading
  std::vector<std::vector<Entry>> entries;        // by row, then column
  std::size_t summary_columns = 0;  // so many of the last columns are ranks and scores
  std::size_t summary_rows = 0;     // likewise of the rows
  std::vector<std::string> footnotes;
  std::vector<std::string> remarks;  // what is left out, what can't be read

  std::size_t heading_lines() const { return columns.empty() ? 0 : columns.front().size(); }
  /// Whether that heading goes on from the column before: nothing above or in its line differs. The
  /// innermost line's headings are never joined.
  bool joined(std::size_t column, std::size_t line) const;
  /// Whether that label, not a row's last, says the same as the row before.
  bool repeated(std::size_t row, std::size_t label) const;
};

/// The table, and after it one of methods against methods for each metric where `Table::pairs` asks
/// for them.
std::vector<Sheet> lay_out(const Table& table, const TableOptions& options);

/// In lines of at most `width` characters where it is not 0: columns that don't fit stand below the
/// first ones, with the rows' labels again.
std::string text_of(const Sheet& sheet, std::size_t width);
std::string markdown_of(const Sheet& sheet);
/// A `table` (a `longtable` where it is higher than a page) that needs \\usepackage{booktabs}.
std::string latex_of(const Sheet& sheet);
std::string csv_of(const Table& table);
std::string json_of(const Table& table);

}  // namespace metriclab
