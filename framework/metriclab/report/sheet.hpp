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
  bool best = false;
  std::vector<std::size_t> notes;  // numbers of footnotes, from 1
};

/// A heading with what stands below it in a second line; consecutive equal `group`s are one.
struct Heading {
  std::string group, name;
};

/// A table laid out in rows and columns, for the formats that people read.
struct Sheet {
  std::string title;                     // which experiments
  std::vector<std::string> description;  // what the numbers are; sentences
  std::vector<Heading> columns;          // `name` is "" everywhere when there is one metric
  std::vector<std::string> rows;
  std::vector<std::vector<Entry>> entries;  // by row, then column
  std::size_t rank_rows = 0;                // so many of the last rows are ranks
  std::vector<std::string> footnotes;
  std::vector<std::string> remarks;  // what is left out, what can't be read
};

Sheet lay_out(const Table& table, bool datasets_as_rows);

std::string text_of(const Sheet& sheet);
std::string markdown_of(const Sheet& sheet);
/// A `table` that needs \\usepackage{booktabs}.
std::string latex_of(const Sheet& sheet);
std::string csv_of(const Table& table);
std::string json_of(const Table& table);

}  // namespace metriclab
