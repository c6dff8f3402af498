// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <metriclab/report/fold.hpp>
#include <utility>

namespace metriclab {
namespace {

using Range = std::pair<char32_t, char32_t>;

// The blocks of Unicode 15 whose characters stand above or between others (general category Mn,
// zero width), and those that are two columns wide (East Asian Width W and F).
constexpr std::array<Range, 6> kCombining = {{{0x0300, 0x036F},
                                              {0x1AB0, 0x1AFF},
                                              {0x1DC0, 0x1DFF},
                                              {0x200B, 0x200F},
                                              {0x20D0, 0x20FF},
                                              {0xFE00, 0xFE0F}}};
constexpr std::array<Range, 8> kWide = {{{0x1100, 0x115F},
                                         {0x2E80, 0xA4CF},
                                         {0xAC00, 0xD7A3},
                                         {0xF900, 0xFAFF},
                                         {0xFE30, 0xFE6F},
                                         {0xFF00, 0xFF60},
                                         {0x1F300, 0x1FAFF},
                                         {0x20000, 0x3FFFD}}};

template <std::size_t N>
bool within(const std::array<Range, N>& ranges, char32_t c) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [c](const Range& range) { return c >= range.first && c <= range.second; });
}

/// The bytes of the character at the front, at least one; bytes that are no UTF-8 count as
/// characters.
std::size_t length_of_first(std::string_view text) {
  std::size_t length = 1;
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
    ++length;
  return length;
}

std::size_t width_of_character(std::string_view bytes) {
  const auto first = static_cast<unsigned char>(bytes.front());
  char32_t c =
      first < 0x80 ? first : first & (0xFF >> (std::min<std::size_t>(bytes.size(), 4) + 1));
  for (std::size_t i = 1; i < bytes.size(); ++i)
    c = (c << 6) | (static_cast<unsigned char>(bytes[i]) & 0x3F);
  if (within(kCombining, c)) return 0;
  return within(kWide, c) ? 2 : 1;
}

/// So many bytes of whole characters take at most that width; at least one character.
std::size_t bytes_within(std::string_view text, std::size_t width) {
  std::size_t bytes = 0, taken = 0;
  while (bytes < text.size()) {
    const std::size_t length = length_of_first(text.substr(bytes));
    const std::size_t wide = width_of_character(text.substr(bytes, length));
    if (bytes > 0 && taken + wide > width) break;
    taken += wide;
    bytes += length;
  }
  return bytes;
}

}  // namespace

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const std::size_t length = length_of_first(text);
    width += width_of_character(text.substr(0, length));
    text.remove_prefix(length);
  }
  return width;
}

std::vector<std::string> fold(std::string_view text, std::size_t width, std::string_view indent) {
  if (width == 0 || width_of(text) <= width) return {std::string(text)};
  std::vector<std::string> lines;
  std::string line;
  bool begun = false;  // the line has a word
  const auto next_line = [&] {
    lines.push_back(std::move(line));
    line = indent;
    begun = false;
  };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (begun && width_of(line) + 1 + width_of(word) > width) next_line();
    if (begun) line += ' ';
    while (width_of(line) + width_of(word) > width) {
      const std::size_t left = width - std::min(width - 1, width_of(line));
      const std::size_t bytes = bytes_within(word, left);
      line += word.substr(0, bytes);
      word.remove_prefix(bytes);
      if (word.empty()) break;
      next_line();
    }
    line += word;
    begun = true;
  }
  lines.push_back(std::move(line));
  return lines;
}

}  // namespace metriclab
