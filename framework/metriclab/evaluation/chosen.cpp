// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/evaluation/chosen.hpp>
#include <numeric>

namespace metriclab {
namespace {

/// "; did you mean …", or what there is: all of it where that is not much.
std::string there_are(std::string_view word, const std::vector<std::string>& names) {
  if (const std::string near = nearest(word, names); !near.empty())
    return fmt::format("; did you mean \"{}\"?", near);
  constexpr std::size_t kMost = 12;
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), kMost); ++i)
    list += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", names[i]);
  if (names.size() > kMost) list += fmt::format(" and {} more", names.size() - kMost);
  return "; there are " + list;
}

}  // namespace

std::vector<std::int32_t> Chosen::labels() const {
  std::vector<std::int32_t> result;
  for (std::int64_t i : examples) result.push_back(part.labels()[static_cast<std::size_t>(i)]);
  return result;
}

const LabelColumn& column_of(const Embedded& part, std::string_view parameter,
                             std::string_view name) {
  std::vector<std::string> names;
  for (const LabelColumn& column : part.columns) {
    if (column.name == name) return column;
    names.push_back(column.name);
  }
  throw Error(fmt::format("{}: the data set has no column of labels \"{}\"{}", parameter, name,
                          there_are(name, names)));
}

Chosen choose(const Evaluation& input, std::string_view parameter, const std::string& which) {
  Chosen result{which == "train" ? input.train : input.test, {}};
  const std::int64_t n = result.part.embeddings.rows();
  if (which == "test" || which == "train") {
    result.examples.resize(static_cast<std::size_t>(n));
    std::iota(result.examples.begin(), result.examples.end(), 0);
    return result;
  }
  const std::size_t sign = which.find('=');
  if (sign == std::string::npos)
    throw Error(
        fmt::format("{}: \"{}\" is neither \"test\" nor \"train\" nor \"column=class\", as "
                    "in \"camera=a\"",
                    parameter, which));
  if (n == 0 && input.test.columns.empty()) return result;
  const LabelColumn& column = column_of(input.test, parameter, which.substr(0, sign));
  const std::string name = which.substr(sign + 1);
  const auto found = std::find(column.classes.begin(), column.classes.end(), name);
  if (found == column.classes.end())
    throw Error(fmt::format("{}: the column \"{}\" has no class \"{}\"{}", parameter, column.name,
                            name, there_are(name, column.classes)));
  for (std::int64_t i = 0; i < n; ++i)
    if (column.values[static_cast<std::size_t>(i)] == found - column.classes.begin())
      result.examples.push_back(i);
  return result;
}

}  // namespace metriclab
