// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <metriclab/report/sheet.hpp>
#include <metriclab/report/sheet_parts.hpp>
#include <metriclab/report/table_parts.hpp>
#include <set>
#include <unordered_map>

namespace metriclab {
namespace {

using Kind = Coordinate::Kind;

const char* said_better(Better better) {
  if (better == Better::neither) return " (descriptive)";
  return better == Better::higher ? " (higher is better)" : " (lower is better)";
}

/// How a coordinate is called above its values: of a pointer its last step, unless another one has
/// the same.
std::string name_of(const Coordinate& coordinate, const Table& table) {
  if (coordinate.kind == Kind::dataset) return "data set";
  if (coordinate.kind != Kind::parameter) return coordinate.text;
  const auto last_step = [](std::string pointer) {
    // What a plugin is for says more than "plugin".
    if (pointer.ends_with("/plugin") && std::count(pointer.begin(), pointer.end(), '/') > 2)
      pointer.resize(pointer.size() - std::string_view("/plugin").size());
    return pointer.substr(pointer.rfind('/') + 1);
  };
  const std::string name = last_step(coordinate.text);
  for (const Axis* axis : {&table.rows, &table.columns})
    for (const Coordinate& other : axis->coordinates)
      if (other.kind == Kind::parameter && other != coordinate && last_step(other.text) == name)
        return coordinate.text;
  return name;
}

bool says_itself(const Coordinate& coordinate) {
  return coordinate.kind != Kind::parameter && coordinate.kind != Kind::seed;
}

std::string plural(std::int64_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

class Layout {
 public:
  Layout(const Table& table, const TableOptions& options) : table_(table), options_(options) {}

  Sheet make() {
    sheet_.title = fmt::format("{}", fmt::join(table_.experiments, ", "));
    choose_units();
    make_headings();
    for (std::size_t row = 0; row < table_.rows.keys.size(); ++row) {
      auto& line = sheet_.entries.emplace_back();
      for (std::size_t column = 0; column < table_.columns.keys.size(); ++column)
        line.push_back(entry(table_.cell(row, column)));
    }
    std::vector<std::string> remarks = add_standings(table_, sheet_);
    describe(remarks);
    remark(std::move(remarks));
    return std::move(sheet_);
  }

 private:
  /// Which metrics are percentages, and how many decimals each group has.
  void choose_units() {
    percent_.assign(std::max<std::size_t>(1, table_.metrics.size()), options_.percent);
    largest_.assign(table_.groups.size(), 0.0);
    for (const Cell& cell : table_.cells) {
      if (cell.planned == 0 || !std::isfinite(cell.mean)) continue;
      const std::size_t metric = table_.groups[cell.group].metric;
      if (std::abs(cell.mean) > 1 || table_.metrics[metric].starts_with("seconds."))
        percent_[metric] = false;
      largest_[cell.group] = std::max(largest_[cell.group], std::abs(cell.mean));
    }
  }

  /// Four figures of the largest number of cells that are compared; a share of one gets four
  /// decimals, a percentage two.
  int decimals(const Cell& cell) const {
    if (options_.digits) return *options_.digits;
    if (percent_[table_.groups[cell.group].metric]) return 2;
    const double most = largest_[cell.group];
    if (most <= 1) return 4;
    return std::max(0, 3 - static_cast<int>(std::floor(std::log10(most))));
  }

  void make_headings() {
    const auto& coordinates = table_.rows.coordinates;
    for (const Coordinate& each : coordinates) {
      const bool nameless = coordinates.size() == 1 && says_itself(each);
      sheet_.row_heads.push_back(nameless ? "" : name_of(each, table_));
    }
    for (const auto& key : table_.rows.keys) {
      auto& labels = sheet_.rows.emplace_back();
      for (const std::string& value : key) labels.push_back(value.empty() ? "–" : value);
    }
    for (const auto& key : table_.columns.keys) {
      auto& lines = sheet_.columns.emplace_back();
      for (std::size_t c = 0; c < key.size(); ++c) {
        // A number needs its name above it; other values say themselves what they are.
        const Coordinate& coordinate = table_.columns.coordinates[c];
        if (!says_itself(coordinate)) lines.push_back(name_of(coordinate, table_));
        lines.push_back(key[c].empty() ? "–" : key[c]);
      }
    }
  }

  Entry entry(const Cell& cell) {
    Entry entry;
    if (cell.planned == 0) return entry;
    for (const std::string& note : cell.notes) entry.notes.push_back(footnote(note));
    if (cell.measured == 0) {
      entry.value = "no value";
      std::int64_t most = 0;
      for (const auto& [status, count] : cell.status)
        if (status != "ok" && count > most) {
          entry.value = status;
          most = count;
        }
      std::replace(entry.value.begin(), entry.value.end(), '_', ' ');
      return entry;
    }
    entry.best = cell.best;
    entry.second = cell.second;
    const Group& group = table_.groups[cell.group];
    const double unit = percent_[group.metric] ? 100 : 1;
    entry.value = fmt::format("{:.{}f}", unit * cell.mean, decimals(cell));
    if (std::isfinite(cell.deviation) && options_.deviation) {
      entry.deviation = fmt::format("{:.{}f}", unit * cell.deviation, decimals(cell));
      any_deviation_ = true;
    }
    if (cell.datasets != group.datasets)
      entry.notes.push_back(
          footnote(fmt::format("over {} of {} data sets", cell.datasets, group.datasets)));
    else if (cell.complete() && cell.planned != group.usual_runs)
      entry.notes.push_back(footnote("over " + plural(cell.planned, "run")));
    return entry;
  }

  std::size_t footnote(const std::string& text) {
    const auto [place, fresh] = numbers_.emplace(text, sheet_.footnotes.size() + 1);
    if (fresh) sheet_.footnotes.push_back(text);
    return place->second;
  }

  void describe(std::vector<std::string>& remarks) {
    std::string metrics;
    bool any_percent = false;
    for (std::size_t metric = 0; metric < table_.metrics.size(); ++metric) {
      // One direction of several metrics is said behind the last of them.
      const bool goes_on =
          metric + 1 < table_.metrics.size() && table_.better[metric + 1] == table_.better[metric];
      metrics += fmt::format("{}{}{}{}", metric > 0 ? ", " : "", table_.metrics[metric],
                             percent_[metric] ? " in %" : "",
                             goes_on ? "" : said_better(table_.better[metric]));
      any_percent |= percent_[metric];
    }
    if (metrics.empty()) metrics = "no metric yet: no run has been measured";
    const bool averaged = std::any_of(table_.cells.begin(), table_.cells.end(),
                                      [](const Cell& cell) { return cell.measured > 1; });
    if (any_deviation_)
      metrics += "; mean ± standard deviation";
    else if (averaged)
      metrics += "; mean";
    sheet_.description.push_back(metrics);
    if (!table_.where.empty())
      sheet_.description.push_back(fmt::format("where {}", fmt::join(table_.where, " and ")));
    if (!table_.metrics.empty()) describe_runs();
    if (options_.percent && !any_percent)
      remarks.push_back("no metric here lies between −1 and 1, so that none is in percent");
  }

  void describe_runs() {
    std::vector<std::pair<std::string, std::string>> runs;  // of each place, once
    std::set<std::string> different;
    bool one = true;
    for (const Group& group : table_.groups) {
      std::string place = label_of(group.place);
      const std::string over = over_text(group);
      if (std::find(runs.begin(), runs.end(), std::pair{place, over}) != runs.end()) continue;
      one &= group.usual_runs == 1;
      different.insert(over);
      runs.emplace_back(std::move(place), over);
    }
    if (one) return;
    std::string text = "runs a cell: ";
    for (std::size_t i = 0; i < runs.size() && different.size() > 1; ++i)
      text += fmt::format("{}{} {}", i > 0 ? ", " : "", runs[i].first, runs[i].second);
    if (different.size() == 1) text += *different.begin();
    sheet_.description.push_back(text);
  }

  /// "5 splits", "15 (5 splits × 3 seeds)"; the number alone where nothing varies.
  static std::string over_text(const Group& group) {
    if (group.over.empty()) return fmt::format("{}", group.usual_runs);
    if (group.over.size() == 1 && group.over[0].starts_with(fmt::format("{} ", group.usual_runs)))
      return group.over[0];
    return fmt::format("{} ({})", group.usual_runs, fmt::join(group.over, " × "));
  }

  void remark(std::vector<std::string> remarks) {
    sheet_.remarks = std::move(remarks);
    if (table_.left_out > 0)
      sheet_.remarks.push_back(fmt::format("left out: {} that the present spec doesn't name",
                                           plural(table_.left_out, "result")));
    for (const std::string& problem : table_.problems)
      sheet_.remarks.push_back("not read: " + problem);
    sheet_.remarks.insert(sheet_.remarks.end(), table_.notes.begin(), table_.notes.end());
  }

  const Table& table_;
  const TableOptions& options_;
  Sheet sheet_;
  std::vector<bool> percent_;    // by metric
  std::vector<double> largest_;  // by group
  bool any_deviation_ = false;
  std::unordered_map<std::string, std::size_t> numbers_;
};

}  // namespace

bool Sheet::joined(std::size_t column, std::size_t line) const {
  if (column == 0 || line + 1 >= heading_lines()) return false;
  const std::size_t first_summary = columns.size() - summary_columns;
  if ((column >= first_summary) != (column - 1 >= first_summary)) return false;
  return std::equal(columns[column].begin(),
                    columns[column].begin() + static_cast<std::ptrdiff_t>(line) + 1,
                    columns[column - 1].begin());
}

bool Sheet::repeated(std::size_t row, std::size_t label) const {
  if (row == 0 || label + 1 >= rows[row].size() || row + summary_rows >= rows.size()) return false;
  return std::equal(rows[row].begin(), rows[row].begin() + static_cast<std::ptrdiff_t>(label) + 1,
                    rows[row - 1].begin());
}

std::vector<Sheet> lay_out(const Table& table, const TableOptions& options) {
  std::vector<Sheet> sheets = {Layout(table, options).make()};
  if (table.pairs)
    for (Sheet& sheet : sheets_of_pairs(table)) sheets.push_back(std::move(sheet));
  return sheets;
}

}  // namespace metriclab
