// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <metriclab/report/html_format.hpp>
#include <metriclab/report/svg.hpp>

namespace metriclab {
namespace {

std::string escaped(std::string_view text) { return svg_escaped(text); }

std::string paragraphs(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += fmt::format("<p>{}</p>\n", line);
  return text;
}

std::string cell_of(const Entry& entry, bool summary) {
  const bool number =
      !entry.value.empty() && entry.value.find_first_of("0123456789") != std::string::npos;
  std::string classes = summary ? "summary-column" : "";
  const auto add = [&](const char* name) {
    classes += classes.empty() ? name : fmt::format(" {}", name);
  };
  if (entry.best) add("best");
  if (entry.second) add("second");
  if (!number && !entry.value.empty()) add("status");
  std::string text = escaped(entry.value);
  if (!entry.deviation.empty())
    text += fmt::format(" <span class=\"deviation\">± {}</span>", escaped(entry.deviation));
  if (!entry.notes.empty()) text += fmt::format(" <sup>{}</sup>", fmt::join(entry.notes, ","));
  return fmt::format("<td{}>{}</td>", classes.empty() ? "" : fmt::format(" class=\"{}\"", classes),
                     text);
}

/// One line of headings over the columns; all but the innermost are joined.
std::string headings_of(const Sheet& sheet, std::size_t line) {
  const bool innermost = line + 1 == sheet.heading_lines();
  std::string text;
  for (std::size_t column = 0; column < sheet.columns.size(); ++column) {
    if (sheet.joined(column, line)) continue;
    std::size_t span = 1;
    while (column + span < sheet.columns.size() && sheet.joined(column + span, line)) ++span;
    const bool summary = column + sheet.summary_columns >= sheet.columns.size();
    text += fmt::format("<th{}{}>{}</th>", span > 1 ? fmt::format(" colspan=\"{}\"", span) : "",
                        summary     ? " class=\"summary-column\""
                        : innermost ? " class=\"column\""
                                    : "",
                        escaped(sheet.columns[column][line]));
  }
  return text;
}

}  // namespace

std::string html_of(const TextGrid& grid) {
  const std::size_t n = grid.heading.size();
  const auto class_of = [&](std::size_t column) {
    return column < grid.left || column + grid.left_end >= n ? " class=\"text\"" : "";
  };
  std::string text = "<div class=\"scroll\"><table class=\"sortable\">\n<thead><tr>";
  for (std::size_t c = 0; c < n; ++c)
    text += fmt::format("<th{}>{}</th>", class_of(c), escaped(grid.heading[c]));
  text += "</tr></thead>\n<tbody>\n";
  for (const auto& row : grid.rows) {
    text += "<tr>";
    for (std::size_t c = 0; c < n; ++c)
      text += fmt::format("<td{}>{}</td>", class_of(c), escaped(row[c]));
    text += "</tr>\n";
  }
  return text + "</tbody></table></div>\n";
}

std::string html_of(const Sheet& sheet) {
  std::string text = fmt::format(
      "<p class=\"description\">{}</p>\n<div class=\"scroll\"><table "
      "class=\"sortable\">\n<thead>\n",
      escaped(fmt::format("{}", fmt::join(sheet.description, "; "))));
  for (std::size_t line = 0; line < sheet.heading_lines(); ++line) {
    text += "<tr>";
    const bool innermost = line + 1 == sheet.heading_lines();
    for (const std::string& head : sheet.row_heads)
      text += fmt::format("<th class=\"text\">{}</th>", innermost ? escaped(head) : "");
    text += headings_of(sheet, line) + "</tr>\n";
  }
  text += "</thead>\n<tbody>\n";
  for (std::size_t row = 0; row < sheet.rows.size(); ++row) {
    text += "<tr>";
    for (const std::string& label : sheet.rows[row])
      text += fmt::format("<th class=\"text\">{}</th>", escaped(label));
    for (std::size_t column = 0; column < sheet.entries[row].size(); ++column)
      text += cell_of(sheet.entries[row][column],
                      column + sheet.summary_columns >= sheet.columns.size());
    text += "</tr>\n";
  }
  text += "</tbody></table></div>\n";
  std::vector<std::string> notes;
  for (std::size_t i = 0; i < sheet.footnotes.size(); ++i)
    notes.push_back(fmt::format("<sup>{}</sup> {}", i + 1, escaped(sheet.footnotes[i])));
  for (const std::string& remark : sheet.remarks) notes.push_back(escaped(remark));
  if (!notes.empty()) text += fmt::format("<div class=\"notes\">\n{}</div>\n", paragraphs(notes));
  return text;
}

}  // namespace metriclab
