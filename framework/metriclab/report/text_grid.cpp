// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/report/text_grid.hpp>

namespace metriclab {
namespace {

/// Characters, not bytes: names may be in any language.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool stands_left(const TextGrid& grid, std::size_t column) {
  return column < grid.left || column + grid.left_end >= grid.heading.size();
}

}  // namespace

std::string text_of(const TextGrid& grid) {
  std::vector<std::size_t> widths;
  for (const std::string& each : grid.heading) widths.push_back(width(each));
  for (const auto& row : grid.rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  std::string text;
  std::size_t longest = 0;
  const auto add = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string room(widths[i] - width(row[i]), ' ');
      line += (i == 0 ? "" : "  ") + (stands_left(grid, i) ? row[i] + room : room + row[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    longest = std::max(longest, width(line));
    text += line + "\n";
  };
  add(grid.heading);
  const std::size_t after_heading = text.size();
  for (const auto& row : grid.rows) add(row);
  return text.insert(after_heading, std::string(longest, '-') + "\n");
}

std::string markdown_text(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (std::string_view("|*`\\_[]").find(c) != std::string_view::npos) result += '\\';
    result += c == '<' ? std::string("&lt;") : std::string(1, c);
  }
  return result;
}

std::string markdown_of(const TextGrid& grid) {
  std::string text;
  const auto add = [&](const std::vector<std::string>& row) {
    for (const std::string& each : row) text += "| " + markdown_text(each) + " ";
    text += "|\n";
  };
  add(grid.heading);
  for (std::size_t i = 0; i < grid.heading.size(); ++i)
    text += stands_left(grid, i) ? "|---" : "|--:";
  text += "|\n";
  for (const auto& row : grid.rows) add(row);
  return text;
}

}  // namespace metriclab
