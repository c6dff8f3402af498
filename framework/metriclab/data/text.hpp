// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/data/dataset.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace metriclab {

// What the readers of text formats share. Nothing here depends on the locale.

/// Walks through a text line by line, from a view of it. Knows "\n" and "\r\n", drops a byte order
/// mark, skips lines that hold only blanks.
class Lines {
 public:
  /// `name` stands in front of messages: usually the file.
  Lines(std::string_view text, std::string name);

  /// The next line that is not blank, without its end; false at the end of the text.
  bool next(std::string_view& line);
  /// The number of the line that `next` gave last, from 1.
  std::int64_t number() const { return number_; }
  /// "name:number".
  std::string where() const;
  /// An Error "name:number: message".
  Error error(const std::string& message) const;

 private:
  std::string_view rest_;
  std::string name_;
  std::int64_t number_ = 0;
};

/// Without blanks at either end.
std::string_view trimmed(std::string_view text);

/// The fields of one line, trimmed. A delimiter ' ' stands for any run of blanks. With other
/// delimiters a field may be quoted as in RFC 4180 ("a ""b"", c"), within its line. Throws Error
/// where a quote is not closed.
std::vector<std::string> fields_of(std::string_view line, char delimiter);

/// A finite decimal number that takes up all of the text, or nullopt. "+1", ".5" and "1e-3" are
/// numbers; "nan", "inf", "0x1", "1,5", "1e999" and "" are not.
std::optional<double> number_of(std::string_view text);

/// "feature 3 is not a number: "abc"", or what else is wrong with a text that `number_of` refused.
std::string not_a_number(const std::string& what, std::string_view text);

/// A column from the texts of its labels. Classes are sorted by value where all are numbers (equal
/// ones, such as "1" and "1.0", are one class, named as first met), otherwise by their bytes.
LabelColumn label_column(std::string name, const std::vector<std::string>& texts);

/// Throws Error when all examples are of one class: nothing could be learned or measured. `name` is
/// the file's.
void check_classes(const LabelColumn& column, const std::string& name);

/// Throws Error naming the first example (counted from 1) that has a value which is not finite.
void check_finite(const Examples& examples, const std::string& name);

}  // namespace metriclab
