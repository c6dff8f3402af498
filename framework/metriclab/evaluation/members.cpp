// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/evaluation/members.hpp>

namespace metriclab {

const LabelColumn* find_column(const Embedded& part, const std::string& name) {
  for (const LabelColumn& column : part.columns)
    if (column.name == name) return &column;
  return nullptr;
}

const LabelColumn& column_named(const Embedded& part, const std::string& name) {
  if (const LabelColumn* column = find_column(part, name)) return *column;
  std::vector<std::string> names;
  for (const LabelColumn& column : part.columns) names.push_back(column.name);
  throw Error(fmt::format("there is no label column \"{}\"{}", name,
                          names.empty() ? "; there is none" : suggestion(name, names)));
}

std::string class_name(const LabelColumn& column, std::int32_t label) {
  const auto at = static_cast<std::size_t>(label);
  return at < column.classes.size() ? column.classes[at] : std::to_string(label);
}

std::int32_t class_named(const LabelColumn& column, const std::string& name) {
  std::vector<std::string> names = column.classes;
  if (names.empty() && !column.values.empty()) {
    const std::int32_t last = *std::max_element(column.values.begin(), column.values.end());
    for (std::int32_t c = 0; c <= last; ++c) names.push_back(std::to_string(c));
  }
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    throw Error(fmt::format("column \"{}\" has no class \"{}\"{}", column.name, name,
                            suggestion(name, names)));
  return static_cast<std::int32_t>(found - names.begin());
}

Indices members_of(const Embedded& part, const std::string& selection) {
  const std::size_t sign = selection.find('=');
  if (sign == std::string::npos || sign == 0)
    throw Error(fmt::format(
        "\"{}\" selects no examples; give a column and a class, as in \"kind=user\"", selection));
  const LabelColumn& column = column_named(part, selection.substr(0, sign));
  const std::int32_t label = class_named(column, selection.substr(sign + 1));
  Indices members;
  for (std::size_t i = 0; i < column.values.size(); ++i)
    if (column.values[i] == label) members.push_back(static_cast<std::int64_t>(i));
  return members;
}

}  // namespace metriclab
