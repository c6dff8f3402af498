// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <metriclab/data/text.hpp>

namespace metriclab {
namespace {

constexpr std::string_view kBlanks = " \t\v\f\r";
constexpr std::size_t kLongestQuote = 40;

/// Numbers the classes in the order of their keys, each named by the text it was first met with.
template <class Key>
LabelColumn numbered(std::string name, const std::vector<Key>& keys,
                     const std::vector<std::string>& texts) {
  LabelColumn column;
  column.name = std::move(name);
  std::map<Key, std::int32_t> codes;
  for (const Key& key : keys) codes.try_emplace(key, 0);
  std::int32_t next = 0;
  for (auto& [key, code] : codes) code = next++;
  column.classes.resize(codes.size());
  column.values.reserve(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::int32_t code = codes.at(keys[i]);
    column.values.push_back(code);
    if (std::string& of = column.classes[static_cast<std::size_t>(code)]; of.empty()) of = texts[i];
  }
  return column;
}

}  // namespace

Lines::Lines(std::string_view text, std::string name) : rest_(text), name_(std::move(name)) {
  if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
}

bool Lines::next(std::string_view& line) {
  while (!rest_.empty()) {
    const std::size_t end = rest_.find('\n');
    line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    ++number_;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!trimmed(line).empty()) return true;
  }
  return false;
}

std::string Lines::where() const { return fmt::format("{}:{}", name_, number_); }
Error Lines::error(const std::string& message) const { return Error(where() + ": " + message); }

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::vector<std::string> fields_of(std::string_view line, char delimiter) {
  std::vector<std::string> fields;
  if (delimiter == ' ') {
    for (line = trimmed(line); !line.empty(); line = trimmed(line)) {
      const std::size_t end = std::min(line.find_first_of(kBlanks), line.size());
      fields.emplace_back(line.substr(0, end));
      line.remove_prefix(end);
    }
    return fields;
  }
  auto is_blank = [&](char c) {
    return c != delimiter && kBlanks.find(c) != std::string_view::npos;
  };
  std::size_t at = 0;
  while (true) {
    while (at < line.size() && is_blank(line[at])) ++at;
    if (at < line.size() && line[at] == '"') {
      std::string field;
      for (++at;; ++at) {
        if (at >= line.size())
          throw Error(fmt::format("the quote that opens field {} is not closed in its line",
                                  fields.size() + 1));
        if (line[at] != '"')
          field += line[at];
        else if (at + 1 < line.size() && line[at + 1] == '"')
          field += line[++at];
        else
          break;
      }
      ++at;
      while (at < line.size() && is_blank(line[at])) ++at;
      if (at < line.size() && line[at] != delimiter)
        throw Error(fmt::format("text follows the closing quote of field {}", fields.size() + 1));
      fields.push_back(std::move(field));
    } else {
      const std::size_t end = std::min(line.find(delimiter, at), line.size());
      fields.emplace_back(trimmed(line.substr(at, end - at)));
      at = end;
    }
    if (at >= line.size()) return fields;
    ++at;
  }
}

std::optional<double> number_of(std::string_view text) {
  // from_chars takes no plus sign, which some programs write.
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, value);
  if (problem != std::errc() || stopped != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string not_a_number(const std::string& what, std::string_view text) {
  constexpr std::string_view kMissing =
      "; missing values have to be filled in, or their examples left out, first";
  if (text.empty()) return fmt::format("{} is empty{}", what, kMissing);
  if (text == "?" || text == "NA" || text == "N/A" || text == "null" || text == "<null>")
    return fmt::format("{} is missing: \"{}\"{}", what, text, kMissing);
  double value = 0;
  const auto [stopped, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (stopped == text.data() + text.size() &&
      (problem == std::errc::result_out_of_range || !std::isfinite(value)))
    return fmt::format("{} is not a finite number: \"{}\"{}", what, text, kMissing);
  return fmt::format("{} is not a number: \"{}{}\"", what, text.substr(0, kLongestQuote),
                     text.size() > kLongestQuote ? "…" : "");
}

LabelColumn label_column(std::string name, const std::vector<std::string>& texts) {
  std::vector<double> numbers;
  numbers.reserve(texts.size());
  for (const std::string& text : texts) {
    const auto number = number_of(text);
    if (!number) return numbered(std::move(name), texts, texts);
    numbers.push_back(*number);
  }
  return numbered(std::move(name), numbers, texts);
}

void check_classes(const LabelColumn& column, const std::string& name) {
  if (column.classes.size() == 1)
    throw Error(fmt::format(
        "{}: every example is of class \"{}\"; at least two classes are needed, so choose another "
        "file or label column, or declare the data unlabelled",
        name, column.classes.front()));
}

void check_finite(const Examples& examples, const std::string& name) {
  auto check = [&](auto values) {
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!std::isfinite(values[i]))
        throw Error(
            fmt::format("{}: example {} has a value that is not finite: {}; fill it in or leave "
                        "the example out",
                        name, static_cast<std::int64_t>(i) / examples.dimension() + 1, values[i]));
  };
  if (examples.is_double())
    check(examples.doubles());
  else
    check(examples.floats());
}

}  // namespace metriclab
