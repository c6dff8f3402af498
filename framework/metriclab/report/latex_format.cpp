// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <metriclab/report/fold.hpp>
#include <metriclab/report/markup.hpp>
#include <metriclab/report/sheet.hpp>

namespace metriclab {
namespace {

// So many lines of a table go on a page of LaTeX's article class at 10 points (\textheight is 43
// lines of text there), caption and rules included.
constexpr std::size_t kRowsOfPage = 36;

// So many characters, and two for each gap, fill a line of it (\textwidth is 345 points there, and
// a character of its font 5 on average).
constexpr std::size_t kCharactersOfLine = 69;

std::string escaped(std::string_view text) {
  std::string result = replace_characters(text, {{'\\', "\\textbackslash{}"},
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
        {"−", "$-$"},
        {"–", "--"},
        {"χ", "$\\chi$"},
        {"²", "\\textsuperscript{2}"}})
    for (auto at = result.find(symbol); at != std::string::npos;
         at = result.find(symbol, at + command.size()))
      result.replace(at, symbol.size(), command);
  return result;
}

/// A word for LaTeX's \label.
std::string label(std::string_view text) {
  std::string word;
  for (char c : text)
    word += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '-';
  return word;
}

std::string said(const Entry& entry) {
  std::string text = escaped(entry.value);
  if (!entry.deviation.empty()) text += " $\\pm$ " + entry.deviation;
  if (entry.best) text = "\\textbf{" + text + "}";
  if (entry.second) text = "\\underline{" + text + "}";
  if (!entry.notes.empty())
    text += fmt::format("\\textsuperscript{{{}}}", fmt::join(entry.notes, ","));
  return text;
}

/// About how wide the widest lines of a table are.
std::size_t characters(const Sheet& sheet) {
  constexpr std::size_t kGap = 2;
  std::size_t total = 0;
  for (std::size_t i = 0; i < sheet.row_heads.size(); ++i) {
    std::size_t most = width_of(sheet.row_heads[i]);
    for (const auto& labels : sheet.rows) most = std::max(most, width_of(labels[i]));
    total += most + kGap;
  }
  for (std::size_t i = 0; i < sheet.columns.size(); ++i) {
    std::size_t most = sheet.columns[i].empty() ? 0 : width_of(sheet.columns[i].back());
    for (const auto& line : sheet.entries) {
      const Entry& entry = line[i];
      const std::size_t spread =
          entry.deviation.empty() ? 0 : width_of(entry.deviation) + width_of(" ± ");
      most = std::max(most, width_of(entry.value) + spread);
    }
    total += most + kGap;
  }
  return total;
}

/// The lines of headings, with a rule below each that stands over several columns.
std::string headings_of(const Sheet& sheet) {
  const std::size_t n_labels = sheet.row_heads.size();
  std::string text;
  for (std::size_t line = 0; line < sheet.heading_lines(); ++line) {
    const bool last = line + 1 == sheet.heading_lines();
    std::string row, rules;
    for (std::size_t i = 0; i < n_labels; ++i)
      row += (i > 0 ? " & " : "") + (last ? escaped(sheet.row_heads[i]) : "");
    for (std::size_t first = 0; first < sheet.columns.size();) {
      std::size_t end = first + 1;
      while (end < sheet.columns.size() && sheet.joined(end, line)) ++end;
      const std::string heading = escaped(sheet.columns[first][line]);
      row += end - first == 1
                 ? " & " + heading
                 : fmt::format(" & \\multicolumn{{{}}}{{c}}{{{}}}", end - first, heading);
      if (!last && !heading.empty())
        rules += fmt::format("\\cmidrule(lr){{{}-{}}}", first + n_labels + 1, end + n_labels);
      first = end;
    }
    text += row + " \\\\\n" + (last ? "" : rules + "\n");
  }
  return text;
}

std::string rows_of(const Sheet& sheet) {
  std::string text;
  for (std::size_t row = 0; row < sheet.rows.size(); ++row) {
    if (sheet.summary_rows > 0 && row + sheet.summary_rows == sheet.rows.size())
      text += "\\midrule\n";
    else if (row > 0 && sheet.rows[row].size() > 1 && !sheet.repeated(row, 0) && row > 1 &&
             sheet.repeated(row - 1, 0))
      text += "\\addlinespace\n";
    for (std::size_t i = 0; i < sheet.rows[row].size(); ++i)
      text += (i > 0 ? " & " : "") + (sheet.repeated(row, i) ? "" : escaped(sheet.rows[row][i]));
    for (const Entry& entry : sheet.entries[row]) text += " & " + said(entry);
    text += " \\\\\n";
  }
  return text;
}

}  // namespace

std::string latex_of(const Sheet& sheet) {
  const std::string columns =
      std::string(sheet.row_heads.size(), 'l') + std::string(sheet.columns.size(), 'r');
  const std::string caption = fmt::format(
      "\\caption{{{}: {}.}}\n\\label{{tab:{}}}", escaped(sheet.title),
      escaped(fmt::format("{}", fmt::join(sheet.description, "; "))), label(sheet.title));
  std::string notes;
  for (std::size_t i = 0; i < sheet.footnotes.size(); ++i)
    notes += fmt::format("\\par{{\\footnotesize\\textsuperscript{{{}}} {}}}\n", i + 1,
                         escaped(sheet.footnotes[i]));
  for (const std::string& remark : sheet.remarks)
    notes += fmt::format("\\par{{\\footnotesize {}}}\n", escaped(remark));
  const bool wide = characters(sheet) > kCharactersOfLine;
  const std::string headings = headings_of(sheet), rows = rows_of(sheet);
  const std::string needs = ", and \\usepackage[T1]{fontenc} for \\textquotedbl\n";
  if (sheet.rows.size() > kRowsOfPage)
    return fmt::format(
        "% \\usepackage{{booktabs,longtable}}{}{}\\begin{{longtable}}{{{}}}\n{} \\\\\n\\toprule\n{}"
        "\\midrule\n\\endfirsthead\n\\toprule\n{}\\midrule\n\\endhead\n\\bottomrule\n\\endfoot\n{}"
        "\\end{{longtable}}\n{}{}",
        needs, wide ? "{\\footnotesize\\setlength{\\tabcolsep}{3pt}\n" : "", columns, caption,
        headings, headings, rows, wide ? "}\n" : "", notes);
  const std::string tabular = fmt::format(
      "\\begin{{tabular}}{{{}}}\n\\toprule\n{}\\midrule\n{}\\bottomrule\n\\end{{tabular}}", columns,
      headings, rows);
  // A \resizebox is as wide as the line where the table is wider, and leaves it alone otherwise.
  return fmt::format(
      "% "
      "\\usepackage{{booktabs{}}}{}\\begin{{table}}\n\\centering\n{}\n\\smallskip\n{}\n{}\\end{{"
      "table}}\n",
      wide ? ",graphicx" : "", needs, caption,
      wide ? "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%\n" +
                 tabular + "}"
           : tabular,
      notes);
}

}  // namespace metriclab
