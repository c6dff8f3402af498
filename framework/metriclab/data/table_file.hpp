// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <metriclab/data/dataset.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace metriclab {

/// How a table of numbers with labels is written: a line an example, the same number of fields in
/// each.
///
/// A column is named by "first", "last", its name in the header, or its number counted from 1
/// ("3"); a name in the header goes before the others.
struct TableFormat {
  char delimiter = ',';  // ' ' stands for any run of blanks
  std::string header =
      "auto";  // "yes", "no"; "auto": the first line is one if none of its fields is a number
  std::optional<std::string> label = "last";  // the class; none: unlabelled
  std::vector<std::string> labels = {};       // further label columns
  std::optional<std::string> target = {};     // a real number to regress on
  std::optional<std::string> label_set = {};  // a set of classes, "a;b;c"; an empty field: none
  char separator = ';';                       // what stands between those
};

/// Reads a table; all other columns are features, float64. Throws Error naming the file, and the
/// line where there is one: an empty file, lines of different lengths, a feature or target that is
/// not a finite number (with its column), an empty label, one in a set too, a column that is not
/// there or is used twice, one class only, no feature, sets that are all empty. Cost: O(file) time;
/// memory for the file's text and the numbers at once.
Data read_table(const std::filesystem::path& file, const TableFormat& format);
/// The same from a text; `name` stands in front of messages.
Data parse_table(std::string_view text, const std::string& name, const TableFormat& format);

}  // namespace metriclab
