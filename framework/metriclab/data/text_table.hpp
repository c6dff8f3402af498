// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <metriclab/plugin/error.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// A table whose fields are texts: a line a row, as many fields in each. Fields between tabs are as
/// they are; with other delimiters they may be quoted as in RFC 4180, within their line.
class TextTable {
 public:
  /// Reads the file. Throws Error naming file and line: an empty file, rows of different lengths, a
  /// quote that is not closed, what is not UTF-8.
  TextTable(const std::filesystem::path& file, char delimiter);

  std::size_t size() const { return rows_.size(); }
  std::size_t n_columns() const { return rows_.empty() ? names_.size() : rows_[0].size(); }
  const std::string& at(std::size_t row, std::size_t column) const { return rows_[row][column]; }
  /// "file:line" of a row.
  std::string where(std::size_t row) const;

  /// The first row becomes the names of the columns. Throws Error where no other is left.
  void take_header();
  /// The number of a column, from 0, that is named by "first", "last", its name in the header, or
  /// its number counted from 1 ("3"); a name goes before the others. Throws Error naming the file
  /// where there is none such.
  std::size_t column(const std::string& wanted) const;

 private:
  std::string name_;
  std::vector<std::string> names_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::int64_t> lines_;  // of the rows
};

/// Whether a column is named by neither a place nor a number, so that a header must name it.
bool is_column_name(const std::string& wanted);

/// What a parameter "delimiter" stands for: one character, or "tab". Throws Error for what can't
/// part texts.
char text_delimiter(const std::string& name);

}  // namespace metriclab
