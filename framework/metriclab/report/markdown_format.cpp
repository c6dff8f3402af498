// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <metriclab/report/markup.hpp>
#include <metriclab/report/sheet.hpp>

namespace metriclab {
namespace {

std::string escaped(std::string_view text) {
  return replace_characters(
      text,
      {{'|', "\\|"}, {'*', "\\*"}, {'<', "&lt;"}, {'`', "\\`"}, {'\\', "\\\\"}, {'_', "\\_"}});
}

std::string said(const Entry& entry) {
  std::string text = escaped(entry.value);
  if (!entry.deviation.empty()) text += " ± " + entry.deviation;
  if (entry.best) text = "**" + text + "**";
  if (entry.second) text = "<u>" + text + "</u>";
  if (!entry.notes.empty()) text += fmt::format(" <sup>{}</sup>", fmt::join(entry.notes, ","));
  return text;
}

}  // namespace

std::string markdown_of(const Sheet& sheet) {
  std::string text = fmt::format("**{}**: {}\n\n|", escaped(sheet.title),
                                 escaped(fmt::format("{}", fmt::join(sheet.description, "; "))));
  for (const std::string& head : sheet.row_heads) text += fmt::format(" {} |", escaped(head));
  for (const auto& headings : sheet.columns) {
    std::string heading;
    for (const std::string& line : headings)
      if (!line.empty()) heading += (heading.empty() ? "" : "<br>") + escaped(line);
    text += fmt::format(" {} |", heading);
  }
  text += "\n|";
  for (std::size_t i = 0; i < sheet.row_heads.size(); ++i) text += "---|";
  for (std::size_t i = 0; i < sheet.columns.size(); ++i) text += "---:|";
  for (std::size_t row = 0; row < sheet.rows.size(); ++row) {
    text += "\n|";
    for (const std::string& label : sheet.rows[row]) text += fmt::format(" {} |", escaped(label));
    for (const Entry& entry : sheet.entries[row]) text += fmt::format(" {} |", said(entry));
  }
  text += "\n";
  // Two spaces at a line's end break it.
  std::string notes;
  for (std::size_t i = 0; i < sheet.footnotes.size(); ++i)
    notes += fmt::format("<sup>{}</sup> {}  \n", i + 1, escaped(sheet.footnotes[i]));
  for (const std::string& remark : sheet.remarks) notes += escaped(remark) + "  \n";
  return notes.empty() ? text : text + "\n" + notes;
}

}  // namespace metriclab
