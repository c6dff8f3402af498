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

}  // namespace

std::vector<std::string> table_format_names() { return {kFormatNames.begin(), kFormatNames.end()}; }

TableFormat table_format_from_string(std::string_view name) {
  const auto found = std::find(kFormatNames.begin(), kFormatNames.end(), name);
  if (found == kFormatNames.end())
    throw Error(fmt::format("there is no table format \"{}\"{}", name,
                            suggestion(name, table_format_names())));
  return static_cast<TableFormat>(found - kFormatNames.begin());
}

std::string render(const Table& table, const TableOptions& options) {
  if (options.format == TableFormat::csv) return csv_of(table);
  if (options.format == TableFormat::json) return json_of(table);
  std::string text;
  for (const Sheet& sheet : lay_out(table, options)) {
    if (!text.empty()) text += "\n";
    if (options.format == TableFormat::markdown)
      text += markdown_of(sheet);
    else if (options.format == TableFormat::latex)
      text += latex_of(sheet);
    else
      text += text_of(sheet, options.width);
  }
  return text;
}

}  // namespace metriclab
