// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/report/fold.hpp>
#include <metriclab/report/sheet.hpp>
#include <numeric>

namespace metriclab {
namespace {

using Sizes = std::vector<std::size_t>;
constexpr std::size_t kGap = 3;             // spaces between columns
constexpr std::string_view kIndent = "  ";  // of what goes on in the next line

/// Numbers begin with a digit or a sign; else an entry says why there is none.
bool is_number(const Entry& entry) {
  const char first = entry.value.empty() ? ' ' : entry.value.front();
  return first == '-' || (first >= '0' && first <= '9');
}

/// How wide the numbers of a column are, so that those of equal decimals have their points in line.
struct NumberWidths {
  std::size_t value = 0, deviation = 0;
};

std::string said(const Entry& entry, const NumberWidths& widths) {
  const auto aligned = [](const std::string& text, std::size_t width) {
    return std::string(width - std::min(width, text.size()), ' ') + text;
  };
  std::string text = is_number(entry) ? aligned(entry.value, widths.value) : entry.value;
  if (!entry.deviation.empty()) text += " ± " + aligned(entry.deviation, widths.deviation);
  if (entry.best) text += " *";
  if (entry.second) text += " °";
  if (!entry.notes.empty()) text += fmt::format(" [{}]", fmt::join(entry.notes, ","));
  return text;
}

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, width_of(text)), ' ');
}

/// Writes a sheet's rows and columns in blocks that are no wider than a line.
class Grid {
 public:
  Grid(const Sheet& sheet, std::size_t width) : sheet_(sheet), width_(width) {
    choose_label_widths();
    const std::size_t room = width_ == 0 ? 0 : width_ - std::min(width_ - 1, left() + kGap);
    for (std::size_t i = 0; i < sheet_.columns.size(); ++i) {
      NumberWidths& numbers = number_widths_.emplace_back();
      for (std::size_t row = 0; row + sheet_.summary_rows < sheet_.rows.size(); ++row) {
        const Entry& entry = sheet_.entries[row][i];
        if (!is_number(entry)) continue;
        numbers.value = std::max(numbers.value, entry.value.size());
        numbers.deviation = std::max(numbers.deviation, entry.deviation.size());
      }
      std::size_t most = 0;
      for (std::size_t row = 0; row < sheet_.rows.size(); ++row)
        most = std::max(most, width_of(said_in(row, i)));
      entry_widths_.push_back(most);
      auto& headings = headings_.emplace_back();
      for (const std::string& text : sheet_.columns[i])
        // A heading longer than a line is broken, and no narrower than what stands below it.
        headings.push_back(fold(text, room == 0 ? 0 : std::max(room, most)));
    }
  }

  std::string text() const {
    std::string text;
    Sizes block;
    const auto flush = [&] {
      if (!block.empty()) text += (text.empty() ? "" : "\n") + written(block);
      block.clear();
    };
    // What stands below one heading stays together where a line can hold it.
    for (std::size_t first = 0; first < sheet_.columns.size();) {
      std::size_t end = first + 1;
      while (end < sheet_.columns.size() && sheet_.joined(end, 0)) ++end;
      Sizes unit(end - first);
      std::iota(unit.begin(), unit.end(), first);
      if (!fits(joined(block, unit)) && fits(unit)) flush();
      if (fits(joined(block, unit))) {
        block = joined(block, unit);
      } else {
        for (std::size_t column : unit) {
          if (!fits(joined(block, {column}))) flush();
          block.push_back(column);
        }
      }
      first = end;
    }
    flush();
    return text.empty() ? written({}) : text;
  }

 private:
  std::string said_in(std::size_t row, std::size_t column) const {
    const bool summary = row + sheet_.summary_rows >= sheet_.rows.size();
    return said(sheet_.entries[row][column], summary ? NumberWidths() : number_widths_[column]);
  }

  static Sizes joined(Sizes block, const Sizes& unit) {
    block.insert(block.end(), unit.begin(), unit.end());
    return block;
  }

  std::size_t left() const {
    return std::accumulate(label_widths_.begin(), label_widths_.end(), std::size_t{0}) +
           kGap * (label_widths_.size() - 1);
  }

  /// As wide as the labels, of which together they leave the rest of a line half at least.
  void choose_label_widths() {
    for (std::size_t label = 0; label < sheet_.row_heads.size(); ++label) {
      std::size_t most = width_of(sheet_.row_heads[label]);
      for (const auto& labels : sheet_.rows) most = std::max(most, width_of(labels[label]));
      label_widths_.push_back(most);
    }
    if (width_ == 0) return;
    constexpr std::size_t kLeast = 8;
    while (left() > width_ / 2) {
      const auto widest = std::max_element(label_widths_.begin(), label_widths_.end());
      if (*widest <= kLeast) break;
      --*widest;
    }
    for (std::size_t label = 0; label < label_widths_.size(); ++label) {
      std::size_t most = width_of(sheet_.row_heads[label]);
      for (const auto& labels : sheet_.rows)
        for (const std::string& line : fold(labels[label], label_widths_[label], kIndent))
          most = std::max(most, width_of(line));
      label_widths_[label] = std::min(label_widths_[label], most);
    }
  }

  /// The columns' widths, wide enough for headings over several of them.
  Sizes widths_of(const Sizes& block) const {
    Sizes widths;
    for (std::size_t column : block) {
      widths.push_back(entry_widths_[column]);
      if (!headings_[column].empty())
        for (const std::string& line : headings_[column].back())
          widths.back() = std::max(widths.back(), width_of(line));
    }
    for (std::size_t line = 0; line + 1 < sheet_.heading_lines(); ++line)
      for (std::size_t first = 0; first < block.size();) {
        const std::size_t end = end_of_span(block, first, line);
        std::size_t span = kGap * (end - first - 1), most = 0;
        for (std::size_t i = first; i < end; ++i) span += widths[i];
        for (const std::string& text : headings_[block[first]][line])
          most = std::max(most, width_of(text));
        if (most > span) widths[end - 1] += most - span;
        first = end;
      }
    return widths;
  }

  std::size_t end_of_span(const Sizes& block, std::size_t first, std::size_t line) const {
    std::size_t end = first + 1;
    while (end < block.size() && sheet_.joined(block[end], line)) ++end;
    return end;
  }

  bool fits(const Sizes& block) const {
    if (width_ == 0) return true;
    std::size_t total = left();
    for (std::size_t width : widths_of(block)) total += kGap + width;
    return total <= width_;
  }

  static void add_line(std::string& text, const std::string& line) {
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }

  /// Lines of labels, and beside the first of them what stands in the columns.
  void add_row(std::string& text, const std::vector<std::string>& labels,
               const std::string& columns) const {
    std::vector<std::vector<std::string>> folded;
    std::size_t height = 1;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      folded.push_back(fold(labels[i], label_widths_[i], kIndent));
      height = std::max(height, folded.back().size());
    }
    for (std::size_t k = 0; k < height; ++k) {
      std::string line;
      for (std::size_t i = 0; i < labels.size(); ++i)
        line += padded(k < folded[i].size() ? folded[i][k] : "", label_widths_[i]) +
                std::string(i + 1 < labels.size() ? kGap : 0, ' ');
      add_line(text, k == 0 ? line + columns : line);
    }
  }

  void add_headings(std::string& text, const Sizes& block, const Sizes& widths) const {
    const std::size_t n_lines = sheet_.heading_lines();
    for (std::size_t line = 0; line < n_lines; ++line) {
      const bool empty = std::all_of(block.begin(), block.end(), [&](std::size_t column) {
        return sheet_.columns[column][line].empty();
      });
      if (empty && line + 1 < n_lines) continue;
      std::size_t height = 1;
      for (std::size_t column : block) height = std::max(height, headings_[column][line].size());
      for (std::size_t k = 0; k < height; ++k) {
        std::string headings;
        for (std::size_t first = 0; first < block.size();) {
          const std::size_t end = line + 1 < n_lines ? end_of_span(block, first, line) : first + 1;
          std::size_t span = kGap * (end - first - 1);
          for (std::size_t i = first; i < end; ++i) span += widths[i];
          const auto& parts = headings_[block[first]][line];
          headings += std::string(kGap, ' ') + padded(k < parts.size() ? parts[k] : "", span);
          first = end;
        }
        const bool last = line + 1 == n_lines && k + 1 == height;
        add_row(text, last ? sheet_.row_heads : std::vector<std::string>(sheet_.row_heads.size()),
                headings);
      }
    }
  }

  std::string written(const Sizes& block) const {
    const Sizes widths = widths_of(block);
    std::size_t total = left();
    for (std::size_t width : widths) total += kGap + width;
    const std::string rule = std::string(total, '-') + "\n";
    std::string text;
    add_headings(text, block, widths);
    text += rule;
    for (std::size_t row = 0; row < sheet_.rows.size(); ++row) {
      if (sheet_.summary_rows > 0 && row + sheet_.summary_rows == sheet_.rows.size()) text += rule;
      std::string columns;
      for (std::size_t i = 0; i < block.size(); ++i)
        columns += std::string(kGap, ' ') + padded(said_in(row, block[i]), widths[i]);
      std::vector<std::string> labels = sheet_.rows[row];
      for (std::size_t label = 0; label < labels.size(); ++label)
        if (sheet_.repeated(row, label)) labels[label].clear();
      add_row(text, labels, columns);
    }
    return text;
  }

  const Sheet& sheet_;
  std::size_t width_;
  Sizes label_widths_, entry_widths_;
  std::vector<NumberWidths> number_widths_;
  std::vector<std::vector<std::vector<std::string>>> headings_;  // by column, line; folded
};

}  // namespace

std::string text_of(const Sheet& sheet, std::size_t width) {
  std::string text;
  const auto add = [&](const std::string& paragraph, std::string_view indent = kIndent) {
    for (const std::string& line : fold(paragraph, width, indent)) text += line + "\n";
  };
  add(sheet.title);
  for (const std::string& sentence : sheet.description) add(sentence);
  text += "\n" + Grid(sheet, width).text() + "\n";
  bool best = false, second = false;
  for (const auto& line : sheet.entries)
    for (const Entry& entry : line) {
      best |= entry.best;
      second |= entry.second;
    }
  if (best) text += second ? "* the best, ° the second best\n" : "* the best\n";
  for (std::size_t i = 0; i < sheet.footnotes.size(); ++i)
    add(fmt::format("[{}] {}", i + 1, sheet.footnotes[i]), "    ");
  for (const std::string& remark : sheet.remarks) add(remark);
  if (text.ends_with("\n\n")) text.pop_back();
  return text;
}

}  // namespace metriclab
