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
  std::optional<std::string> label = "last";      // the class; none: unlabelled
  std::vector<std::string> labels = {};           // further label columns
  std::optional<std::string> target = {};         // a real number to regress on
  std::optional<std::string> label_set = {};      // a set of classes, "a;b;c"; an empty field: none
  char separator = ';';                           // what stands between those
  std::vector<std::string> symbolic = {};         // features that are texts, one-hot; see below
  std::vector<std::string> ignore = {};           // columns that are not used
  std::vector<std::string> keep_classes = {};     // with `other_classes`: those that stay
  std::optional<std::string> other_classes = {};  // what the class of all others becomes
};

/// Reads a table; all other columns are features, float64. A symbolic one of m values becomes m
/// features in its place, 1 for the value of the example and 0 for the others; the values are
/// sorted, by value where all are numbers, otherwise by their bytes. Throws Error naming the file,
/// and the line where there is one: an empty file, lines of different lengths, a feature or target
/// that is not a finite number (with its column), an empty label, one in a set too, an empty
/// symbolic value, a column that is not there or is used twice, a class to keep that is not there,
/// one class only, no feature, sets that are all empty. Cost: O(file) time; memory for the file's
/// text and the numbers at once.
Data read_table(const std::filesystem::path& file, const TableFormat& format);
/// Two files of the same columns: the examples of the one, then those of the other, and a
/// predefined split, named kFileSplit, that trains on the one and tests on the other. The values of
/// a symbolic feature are those of the training file; one that is in the test file alone is 0 in
/// all of them. Throws Error as above, and where the files differ in their columns.
Data read_tables(const std::filesystem::path& train, const std::filesystem::path& test,
                 const TableFormat& format);
inline constexpr std::string_view kFileSplit = "test file";
/// The same from a text; `name` stands in front of messages.
Data parse_table(std::string_view text, const std::string& name, const TableFormat& format);

}  // namespace metriclab
