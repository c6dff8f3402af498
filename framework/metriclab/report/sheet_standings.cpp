// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/report/sheet_parts.hpp>
#include <metriclab/report/table_parts.hpp>
#include <set>

namespace metriclab {
namespace {

using Kind = Coordinate::Kind;

/// What one number for each method and metric says: ranks, or scores against one of them.
struct Summary {
  std::string name;                        // "rank"
  std::vector<std::vector<Entry>> values;  // (metric × method)
};

/// "data sets", "combinations of data set and split".
std::string said_problems(const Table& table, std::int64_t count) {
  const std::string ending = count == 1 ? "" : "s";
  if (table.problems_are.size() == 1) return table.problems_are[0] + ending;
  return fmt::format("combination{} of {}", ending, fmt::join(table.problems_are, " and "));
}
constexpr std::int64_t kMany = 2;

std::string said(const HeadToHead& score) {
  return fmt::format("{}/{}/{}", score.wins, score.ties, score.losses);
}

Summary ranks(const Table& table) {
  Summary summary{"rank", {}};
  for (const Standings& standings : table.standings) {
    std::vector<Entry>& entries = summary.values.emplace_back(table.contestants.size());
    if (standings.problems < 2) continue;
    std::vector<double> there;
    for (const auto& rank : standings.ranks)
      if (rank) there.push_back(*rank);
    const std::vector<double> places = ranks_of(there, Better::lower);
    const std::set<double> different(places.begin(), places.end());
    std::size_t next = 0;
    for (std::size_t method = 0; method < entries.size(); ++method) {
      if (!standings.ranks[method]) continue;
      entries[method].value = fmt::format("{:.2f}", *standings.ranks[method]);
      const double place = places[next++];
      entries[method].best = different.size() > 1 && place == *different.begin();
      entries[method].second = different.size() > 2 && place == *std::next(different.begin());
    }
  }
  return summary;
}

Summary scores(const Table& table, std::size_t against) {
  Summary summary{"w/t/l", {}};
  for (std::size_t metric = 0; metric < table.standings.size(); ++metric) {
    const auto& means = table.standings[metric].means;
    std::vector<Entry>& entries = summary.values.emplace_back(table.contestants.size());
    if (table.better[metric] == Better::neither) continue;
    for (std::size_t method = 0; method < entries.size(); ++method)
      if (method != against)
        entries[method].value =
            said(head_to_head(means[method], means[against], table.better[metric]));
  }
  return summary;
}

bool any_value(const Summary& summary) {
  for (const auto& of_metric : summary.values)
    for (const Entry& entry : of_metric)
      if (!entry.value.empty()) return true;
  return false;
}

/// Whether an axis has all that is compared, and at most metrics besides.
bool has_methods_alone(const Table& table, const Axis& axis) {
  std::size_t compared = 0;
  for (const Coordinate& each : axis.coordinates) {
    const bool is =
        std::find(table.compared.begin(), table.compared.end(), each) != table.compared.end();
    if (!is && each.kind != Kind::metric) return false;
    compared += is ? 1 : 0;
  }
  return compared == table.compared.size();
}

std::optional<std::size_t> place_of_metric(const Axis& axis) {
  for (std::size_t c = 0; c < axis.coordinates.size(); ++c)
    if (axis.coordinates[c].kind == Kind::metric) return c;
  return std::nullopt;
}

std::size_t method_number(const Table& table, std::size_t row, std::size_t column) {
  const auto found =
      std::find(table.contestants.begin(), table.contestants.end(), method_in(table, row, column));
  return static_cast<std::size_t>(found - table.contestants.begin());
}

/// The metric of a row's or column's key, where its axis has metrics.
std::size_t metric_number(const Table& table, const Axis& axis, std::size_t key,
                          std::size_t otherwise) {
  const auto place = place_of_metric(axis);
  if (!place) return otherwise;
  const auto found = std::find(table.metrics.begin(), table.metrics.end(), axis.keys[key][*place]);
  return static_cast<std::size_t>(found - table.metrics.begin());
}

void add_columns(const Table& table, const Summary& summary, Sheet& sheet) {
  const bool by_row = place_of_metric(table.rows).has_value();
  const bool several = summary.values.size() > 1 && !by_row;
  // Beside columns that are metrics alone, what the numbers are stands one line higher.
  if (several && sheet.heading_lines() == 1)
    for (auto& heading : sheet.columns) heading.insert(heading.begin(), "");
  for (std::size_t metric = 0; metric < (by_row ? 1 : summary.values.size()); ++metric) {
    std::vector<std::string> heading(std::max<std::size_t>(1, sheet.heading_lines()));
    heading.front() = summary.name;
    if (several) heading.back() = table.metrics[metric];
    sheet.columns.push_back(std::move(heading));
    for (std::size_t row = 0; row < table.rows.keys.size(); ++row)
      sheet.entries[row].push_back(summary.values[metric_number(table, table.rows, row, metric)]
                                                 [method_number(table, row, 0)]);
    ++sheet.summary_columns;
  }
}

void add_rows(const Table& table, const Summary& summary, Sheet& sheet) {
  const bool by_column = place_of_metric(table.columns).has_value();
  const bool several = summary.values.size() > 1 && !by_column;
  for (std::size_t metric = 0; metric < (by_column ? 1 : summary.values.size()); ++metric) {
    std::vector<std::string> labels(sheet.row_heads.size());
    labels.front() = summary.name;
    if (several) labels.back() += (labels.size() == 1 ? " by " : "") + table.metrics[metric];
    sheet.rows.push_back(std::move(labels));
    auto& line = sheet.entries.emplace_back();
    for (std::size_t column = 0; column < table.columns.keys.size(); ++column)
      line.push_back(summary.values[metric_number(table, table.columns, column, metric)]
                                   [method_number(table, 0, column)]);
    ++sheet.summary_rows;
  }
}

void say(const Table& table, const Summary& summary, std::vector<std::string>& remarks) {
  for (std::size_t metric = 0; metric < summary.values.size(); ++metric) {
    std::string text;
    for (std::size_t method = 0; method < table.contestants.size(); ++method)
      if (const std::string& value = summary.values[metric][method].value; !value.empty())
        text += fmt::format("{}{} {}", text.empty() ? "" : "; ",
                            label_of(table.contestants[method]), value);
    if (!text.empty())
      remarks.push_back(fmt::format("{} by {}: {}", summary.name, table.metrics[metric], text));
  }
}

void add(const Table& table, const Summary& summary, Sheet& sheet,
         std::vector<std::string>& remarks) {
  if (has_methods_alone(table, table.rows))
    add_columns(table, summary, sheet);
  else if (has_methods_alone(table, table.columns))
    add_rows(table, summary, sheet);
  else
    say(table, summary, remarks);
}

void explain_ranks(const Table& table, std::vector<std::string>& remarks) {
  std::vector<std::size_t> ranked;
  for (std::size_t metric = 0; metric < table.metrics.size(); ++metric)
    if (table.better[metric] != Better::neither) ranked.push_back(metric);
  const auto& standings = table.standings;
  const bool same = std::all_of(ranked.begin(), ranked.end(), [&](std::size_t metric) {
    return standings[metric].problems == standings[ranked[0]].problems &&
           standings[metric].others == standings[ranked[0]].others;
  });
  for (std::size_t metric : ranked) {
    if (same && metric != ranked[0]) break;
    const auto& of = standings[metric];
    std::string text = fmt::format("rank{}: mean over {} {}, 1 the best, ties sharing theirs",
                                   same ? "" : " by " + table.metrics[metric], of.problems,
                                   said_problems(table, of.problems));
    if (of.others > 0) text += fmt::format("; {} more lack values of some method", of.others);
    if (of.problems < 2)
      text = fmt::format("rank by {}: too few {} with values of all methods", table.metrics[metric],
                         said_problems(table, kMany));
    remarks.push_back(std::move(text));
  }
}

}  // namespace

std::vector<std::string> add_standings(const Table& table, Sheet& sheet) {
  std::vector<std::string> remarks;
  if (table.contestants.empty()) return remarks;
  if (const Summary summary = ranks(table); any_value(summary)) {
    add(table, summary, sheet, remarks);
    explain_ranks(table, remarks);
  }
  if (!table.against || table.standings.empty()) return remarks;
  add(table, scores(table, *table.against), sheet, remarks);
  remarks.push_back(
      fmt::format("w/t/l: {} on which the mean is better than, equal to, and worse "
                  "than that of {}",
                  said_problems(table, kMany), label_of(table.contestants[*table.against])));
  return remarks;
}

std::vector<Sheet> sheets_of_pairs(const Table& table) {
  std::vector<Sheet> sheets;
  for (std::size_t metric = 0; metric < table.standings.size(); ++metric) {
    if (table.better[metric] == Better::neither || table.contestants.empty()) continue;
    Sheet& sheet = sheets.emplace_back();
    sheet.title = fmt::format("{}, methods in pairs by {}", fmt::join(table.experiments, ", "),
                              table.metrics[metric]);
    sheet.description = {
        fmt::format("{} on which the row's mean is better than, equal to, and worse than the "
                    "column's",
                    said_problems(table, kMany))};
    sheet.row_heads = {""};
    const auto& means = table.standings[metric].means;
    for (std::size_t row = 0; row < means.size(); ++row) {
      sheet.rows.push_back({label_of(table.contestants[row])});
      sheet.columns.push_back({label_of(table.contestants[row])});
      auto& line = sheet.entries.emplace_back(means.size());
      for (std::size_t column = 0; column < means.size(); ++column)
        if (row != column)
          line[column].value = said(head_to_head(means[row], means[column], table.better[metric]));
    }
  }
  return sheets;
}

}  // namespace metriclab
