// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <metriclab/plugin/error.hpp>
#include <metriclab/report/sheet.hpp>

namespace metriclab {
namespace {

constexpr std::array<std::string_view, 5> kFormatNames = {"text", "markdown", "latex", "csv",
                                                          "json"};

/// Characters, not bytes: names may be in any language.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool has_second_line(const Sheet& sheet) {
  return std::any_of(sheet.columns.begin(), sheet.columns.end(),
                     [](const Heading& each) { return !each.name.empty(); });
}

std::string text_entry(const Entry& entry) {
  std::string text = entry.value;
  if (!entry.deviation.empty()) text += " ± " + entry.deviation;
  if (entry.best) text += " *";
  if (!entry.notes.empty()) text += fmt::format(" [{}]", fmt::join(entry.notes, ","));
  return text;
}

bool any_best(const Sheet& sheet) {
  for (const auto& line : sheet.entries)
    for (const Entry& entry : line)
      if (entry.best) return true;
  return false;
}

std::string replace_characters(std::string_view text,
                               const std::vector<std::pair<char, std::string_view>>& by) {
  std::string result;
  for (char c : text) {
    const auto found =
        std::find_if(by.begin(), by.end(), [c](const auto& each) { return each.first == c; });
    if (found == by.end())
      result += c;
    else
      result += found->second;
  }
  return result;
}

std::string markdown(std::string_view text) {
  return replace_characters(
      text,
      {{'|', "\\|"}, {'*', "\\*"}, {'<', "&lt;"}, {'`', "\\`"}, {'\\', "\\\\"}, {'_', "\\_"}});
}

std::string latex(std::string_view text) {
  std::string escaped = replace_characters(text, {{'\\', "\\textbackslash{}"},
                                                  {'{', "\\{"},
                                                  {'}', "\\}"},
                                                  {'$', "\\$"},
                                                  {'&', "\\&"},
                                                  {'#', "\\#"},
                                                  {'^', "\\textasciicircum{}"},
                                                  {'_', "\\_"},
                                                  {'~', "\\textasciitilde{}"},
                                                  {'%', "\\%"},
                                                  {'<', "\\textless{}"},
                                                  {'>', "\\textgreater{}"},
                                                  {'|', "\\textbar{}"},
                                                  {'"', "\\textquotedbl{}"}});
  for (const auto& [symbol, command] :
       {std::pair<std::string_view, std::string_view>{"±", "$\\pm$"},
        {"×", "$\\times$"},
        {"−", "$-$"}})
    for (auto at = escaped.find(symbol); at != std::string::npos;
         at = escaped.find(symbol, at + command.size()))
      escaped.replace(at, symbol.size(), command);
  return escaped;
}

/// A word for LaTeX's \label.
std::string label(std::string_view text) {
  std::string word;
  for (char c : text)
    word += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '-';
  return word;
}

std::string latex_entry(const Entry& entry) {
  std::string text = latex(entry.value);
  if (!entry.deviation.empty()) text += " $\\pm$ " + entry.deviation;
  if (entry.best) text = "\\textbf{" + text + "}";
  if (!entry.notes.empty())
    text += fmt::format("\\textsuperscript{{{}}}", fmt::join(entry.notes, ","));
  return text;
}

}  // namespace

std::vector<std::string> table_format_names() { return {kFormatNames.begin(), kFormatNames.end()}; }

TableFormat table_format_from_string(std::string_view name) {
  const auto found = std::find(kFormatNames.begin(), kFormatNames.end(), name);
  if (found == kFormatNames.end())
    throw Error(fmt::format("there is no table format \"{}\"{}", name,
                            suggestion(name, table_format_names())));
  return static_cast<TableFormat>(found - kFormatNames.begin());
}

std::string text_of(const Sheet& sheet) {
  std::vector<std::vector<std::string>> lines;
  auto& groups = lines.emplace_back(1, "");
  for (std::size_t i = 0; i < sheet.columns.size(); ++i)
    groups.push_back(i > 0 && sheet.columns[i].group == sheet.columns[i - 1].group
                         ? ""
                         : sheet.columns[i].group);
  if (has_second_line(sheet)) {
    auto& names = lines.emplace_back(1, "");
    for (const Heading& heading : sheet.columns) names.push_back(heading.name);
  }
  const std::size_t headings = lines.size();
  for (std::size_t row = 0; row < sheet.rows.size(); ++row) {
    auto& line = lines.emplace_back(1, sheet.rows[row]);
    for (const Entry& entry : sheet.entries[row]) line.push_back(text_entry(entry));
  }
  std::vector<std::size_t> widths(sheet.columns.size() + 1, 0);
  for (const auto& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width(line[i]));

  std::string text = sheet.title + "\n";
  for (const std::string& sentence : sheet.description) text += sentence + "\n";
  text += "\n";
  for (std::size_t k = 0; k < lines.size(); ++k) {
    std::string line;
    for (std::size_t i = 0; i < lines[k].size(); ++i) {
      line += lines[k][i];
      if (i + 1 < lines[k].size()) line.append(widths[i] - width(lines[k][i]) + 3, ' ');
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    if (k + 1 == headings || (sheet.rank_rows > 0 && k + 1 + sheet.rank_rows == lines.size())) {
      std::size_t total = 0;
      for (std::size_t each : widths) total += each + 3;
      text += std::string(total - 3, '-') + "\n";
    }
  }
  text += "\n";
  if (any_best(sheet)) text += "* the best\n";
  for (std::size_t i = 0; i < sheet.footnotes.size(); ++i)
    text += fmt::format("[{}] {}\n", i + 1, sheet.footnotes[i]);
  for (const std::string& remark : sheet.remarks) text += remark + "\n";
  if (text.ends_with("\n\n")) text.pop_back();
  return text;
}

std::string markdown_of(const Sheet& sheet) {
  std::string text = fmt::format("**{}**: {}\n\n|  |", markdown(sheet.title),
                                 markdown(fmt::format("{}", fmt::join(sheet.description, "; "))));
  for (const Heading& heading : sheet.columns)
    text += fmt::format(" {}{}{} |", markdown(heading.group), heading.name.empty() ? "" : "<br>",
                        markdown(heading.name));
  text += "\n|---|";
  for (std::size_t i = 0; i < sheet.columns.size(); ++i) text += "---:|";
  for (std::size_t row = 0; row < sheet.rows.size(); ++row) {
    text += fmt::format("\n| {} |", markdown(sheet.rows[row]));
    for (const Entry& entry : sheet.entries[row]) {
      std::string shown = markdown(entry.value);
      if (!entry.deviation.empty()) shown += " ± " + entry.deviation;
      if (entry.best) shown = "**" + shown + "**";
      if (!entry.notes.empty()) shown += fmt::format(" <sup>{}</sup>", fmt::join(entry.notes, ","));
      text += fmt::format(" {} |", shown);
    }
  }
  text += "\n";
  // Two spaces at a line's end break it.
  std::string notes;
  for (std::size_t i = 0; i < sheet.footnotes.size(); ++i)
    notes += fmt::format("<sup>{}</sup> {}  \n", i + 1, markdown(sheet.footnotes[i]));
  for (const std::string& remark : sheet.remarks) notes += markdown(remark) + "  \n";
  return notes.empty() ? text : text + "\n" + notes;
}

std::string latex_of(const Sheet& sheet) {
  std::string text =
      "% \\usepackage{booktabs}, and \\usepackage[T1]{fontenc} for "
      "\\textquotedbl\n\\begin{table}\n\\centering\n";
  text +=
      fmt::format("\\caption{{{}: {}.}}\n\\label{{tab:{}}}\n", latex(sheet.title),
                  latex(fmt::format("{}", fmt::join(sheet.description, "; "))), label(sheet.title));
  text += "\\begin{tabular}{l" + std::string(sheet.columns.size(), 'r') + "}\n\\toprule\n";
  std::string groups, rules, names;
  for (std::size_t first = 0; first < sheet.columns.size();) {
    std::size_t end = first + 1;
    while (end < sheet.columns.size() && sheet.columns[end].group == sheet.columns[first].group)
      ++end;
    groups += end - first == 1 ? " & " + latex(sheet.columns[first].group)
                               : fmt::format(" & \\multicolumn{{{}}}{{c}}{{{}}}", end - first,
                                             latex(sheet.columns[first].group));
    rules += fmt::format("\\cmidrule(lr){{{}-{}}}", first + 2, end + 1);
    first = end;
  }
  text += groups + " \\\\\n";
  if (has_second_line(sheet)) {
    for (const Heading& heading : sheet.columns) names += " & " + latex(heading.name);
    text += rules + "\n" + names + " \\\\\n";
  }
  text += "\\midrule\n";
  for (std::size_t row = 0; row < sheet.rows.size(); ++row) {
    if (sheet.rank_rows > 0 && row + sheet.rank_rows == sheet.rows.size()) text += "\\midrule\n";
    text += latex(sheet.rows[row]);
    for (const Entry& entry : sheet.entries[row]) text += " & " + latex_entry(entry);
    text += " \\\\\n";
  }
  text += "\\bottomrule\n\\end{tabular}\n";
  for (std::size_t i = 0; i < sheet.footnotes.size(); ++i)
    text += fmt::format("\\par{{\\footnotesize\\textsuperscript{{{}}} {}}}\n", i + 1,
                        latex(sheet.footnotes[i]));
  for (const std::string& remark : sheet.remarks)
    text += fmt::format("\\par{{\\footnotesize {}}}\n", latex(remark));
  return text + "\\end{table}\n";
}

std::string render(const Table& table, const TableOptions& options) {
  if (options.format == TableFormat::csv) return csv_of(table);
  if (options.format == TableFormat::json) return json_of(table);
  const Sheet sheet = lay_out(table, options.datasets_as_rows);
  if (options.format == TableFormat::markdown) return markdown_of(sheet);
  if (options.format == TableFormat::latex) return latex_of(sheet);
  return text_of(sheet);
}

}  // namespace metriclab
