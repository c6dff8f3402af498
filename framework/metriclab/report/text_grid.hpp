// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace metriclab {

/// A plain table of strings, for reports: a heading and rows of as many fields.
struct TextGrid {
  std::vector<std::string> heading;
  std::vector<std::vector<std::string>> rows;
  std::size_t left = 1;      // so many of the first columns stand left, the others right
  std::size_t left_end = 0;  // and so many of the last
};

/// Columns two spaces apart, a line under the heading; nothing at the ends of lines.
std::string text_of(const TextGrid& grid);
std::string markdown_of(const TextGrid& grid);
/// Text with what Markdown would take for a mark escaped.
std::string markdown_text(std::string_view text);

}  // namespace metriclab
