// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <metriclab/data/text.hpp>
#include <metriclab/data/text_table.hpp>
#include <metriclab/data/tokenizer.hpp>
#include <metriclab/plugin/file.hpp>

namespace metriclab {
namespace {

std::vector<std::string> between_tabs(std::string_view line) {
  std::vector<std::string> fields;
  while (true) {
    const std::size_t end = std::min(line.find('\t'), line.size());
    fields.emplace_back(trimmed(line.substr(0, end)));
    if (end == line.size()) return fields;
    line.remove_prefix(end + 1);
  }
}

std::optional<std::size_t> integer_of(const std::string& text) {
  std::size_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

TextTable::TextTable(const std::filesystem::path& file, char delimiter) : name_(file.string()) {
  if (std::filesystem::is_directory(file))
    throw Error(fmt::format("{}: is a folder, not a table", name_));
  const std::string text = read_file(file);
  Lines lines(text, name_);
  std::string_view line;
  while (lines.next(line)) {
    if (!is_utf8(line)) throw lines.error("is not UTF-8; convert the file (iconv -t UTF-8)");
    try {
      rows_.push_back(delimiter == '\t' ? between_tabs(line) : fields_of(line, delimiter));
    } catch (const Error& error) {
      throw lines.error(error.message());
    }
    lines_.push_back(lines.number());
    if (rows_.back().size() != n_columns())
      throw lines.error(
          fmt::format("has {} fields, the first row has {}; texts with the delimiter "
                      "in them have to be quoted, or another be chosen",
                      rows_.back().size(), n_columns()));
  }
  if (rows_.empty()) throw Error(fmt::format("{}: is empty; a row a line was expected", name_));
}

std::string TextTable::where(std::size_t row) const {
  return fmt::format("{}:{}", name_, lines_[row]);
}

void TextTable::take_header() {
  names_ = std::move(rows_.front());
  rows_.erase(rows_.begin());
  lines_.erase(lines_.begin());
  if (rows_.empty()) throw Error(fmt::format("{}: has a header and nothing else", name_));
}

std::size_t TextTable::column(const std::string& wanted) const {
  if (const auto found = std::ranges::find(names_, wanted); found != names_.end())
    return static_cast<std::size_t>(found - names_.begin());
  if (wanted == "first") return 0;
  if (wanted == "last") return n_columns() - 1;
  const auto number = integer_of(wanted);
  if (!number)
    throw Error(fmt::format("{}: there is no column \"{}\"{}", name_, wanted,
                            names_.empty() ? "; the first line is not taken for a header"
                                           : suggestion(wanted, names_)));
  if (*number < 1 || *number > n_columns())
    throw Error(fmt::format("{}: there is no column {}; columns count from 1 to {}{}", name_,
                            *number, n_columns(),
                            n_columns() == 1 ? " (is \"delimiter\" another?)" : ""));
  return *number - 1;
}

bool is_column_name(const std::string& wanted) {
  return wanted != "first" && wanted != "last" && !integer_of(wanted);
}

char text_delimiter(const std::string& name) {
  if (name == "tab") return '\t';
  if (name.size() != 1 || name == " " || name == "\"" || name == "\n" || name == "\r")
    throw Error(
        fmt::format("\"{}\" can't part texts; give \"tab\", or one character that is no blank",
                    name))
        .in("delimiter");
  return name[0];
}

}  // namespace metriclab
