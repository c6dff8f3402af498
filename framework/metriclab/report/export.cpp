// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <metriclab/plugin/json.hpp>
#include <metriclab/report/sheet.hpp>
#include <metriclab/report/table_parts.hpp>

namespace metriclab {
namespace {

/// As RFC 4180 has it: quoted where it must be, a quotation mark doubled.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string csv_number(double value) {
  return std::isfinite(value) ? fmt::format("{}", value) : "";
}

template <class T>
Value list_of(const std::vector<T>& items) {
  Value::List list;
  for (const T& item : items) list.emplace_back(item);
  return Value(std::move(list));
}

Value number_or_null(double value) { return std::isfinite(value) ? Value(value) : Value(); }

std::vector<std::string> names_of(const std::vector<Coordinate>& coordinates) {
  std::vector<std::string> names;
  for (const Coordinate& each : coordinates) names.push_back(each.text);
  return names;
}

/// Where a cell is: coordinates, without the metric, and their values.
using Places = std::vector<std::pair<const Coordinate*, const std::string*>>;

/// Cells in which runs were planned, by metric, column and row.
template <class Visitor>
void visit(const Table& table, const Visitor& visitor) {
  const std::size_t n_metrics = std::max<std::size_t>(1, table.metrics.size());
  for (std::size_t metric = 0; metric < n_metrics; ++metric)
    for (std::size_t column = 0; column < table.columns.keys.size(); ++column)
      for (std::size_t row = 0; row < table.rows.keys.size(); ++row) {
        const Cell& cell = table.cell(row, column);
        if (cell.planned == 0 || table.groups[cell.group].metric != metric) continue;
        Places places;
        for (const auto& [axis, key] :
             {std::pair{&table.columns, column}, std::pair{&table.rows, row}})
          for (std::size_t c = 0; c < axis->coordinates.size(); ++c)
            if (axis->coordinates[c].kind != Coordinate::Kind::metric)
              places.emplace_back(&axis->coordinates[c], &axis->keys[key][c]);
        visitor(cell, table.metrics.empty() ? "" : table.metrics[metric], places);
      }
}

Value to_value(const HeadToHead& score) {
  Value value = Value::object();
  value.set("wins", score.wins);
  value.set("ties", score.ties);
  value.set("losses", score.losses);
  return value;
}

/// A metric, and how the methods stand by it.
Value standings_of(const Table& table, std::size_t metric) {
  const Better better = table.better[metric];
  const Standings& standings = table.standings[metric];
  Value value = Value::object();
  value.set("name", table.metrics[metric]);
  value.set("higher_is_better",
            better == Better::neither ? Value() : Value(better == Better::higher));
  Value ranks = Value::object(), against = Value::object();
  Value::List pairs;
  for (std::size_t i = 0; i < table.contestants.size() && better != Better::neither; ++i) {
    const std::string label = label_of(table.contestants[i]);
    if (standings.ranks[i] && standings.problems > 1) ranks.set(label, *standings.ranks[i]);
    const auto score = [&](std::size_t other) {
      return to_value(head_to_head(standings.means[i], standings.means[other], better));
    };
    if (table.against && *table.against != i) against.set(label, score(*table.against));
    for (std::size_t other = 0; table.pairs && other < table.contestants.size(); ++other) {
      if (other == i) continue;
      Value pair = score(other);
      pair.set("method", label);
      pair.set("other", label_of(table.contestants[other]));
      pairs.push_back(std::move(pair));
    }
  }
  value.set("average_ranks", std::move(ranks));
  value.set("average_ranks_over", standings.problems);
  if (table.against) value.set("against", std::move(against));
  if (table.pairs) value.set("pairs", Value(std::move(pairs)));
  return value;
}

}  // namespace

std::string csv_of(const Table& table) {
  std::string text = "metric";
  for (const Axis* axis : {&table.columns, &table.rows})
    for (const Coordinate& each : axis->coordinates)
      if (each.kind != Coordinate::Kind::metric) text += "," + csv_field(each.text);
  text += ",mean,deviation,measured,planned,rank,best,second,notes\n";
  visit(table, [&](const Cell& cell, const std::string& metric, const Places& places) {
    text += csv_field(metric);
    for (const auto& [coordinate, value] : places) text += "," + csv_field(*value);
    text += fmt::format(",{},{},{},{},{},{:d},{:d},{}\n", csv_number(cell.mean),
                        csv_number(cell.deviation), cell.measured, cell.planned,
                        cell.rank > 0 ? csv_number(cell.rank) : "", cell.best, cell.second,
                        csv_field(fmt::format("{}", fmt::join(cell.notes, "; "))));
  });
  return text;
}

std::string json_of(const Table& table) {
  Value json = Value::object();
  json.set("experiments", list_of(table.experiments));
  json.set("datasets", list_of(table.datasets));
  json.set("methods", list_of(table.methods));
  json.set("where", list_of(table.where));
  json.set("rows", list_of(names_of(table.rows.coordinates)));
  json.set("columns", list_of(names_of(table.columns.coordinates)));
  json.set("compared", list_of(names_of(table.compared)));
  json.set("compared_over", list_of(table.problems_are));
  json.set("against", table.against ? Value(label_of(table.contestants[*table.against])) : Value());
  Value::List metrics;
  for (std::size_t metric = 0; metric < table.metrics.size(); ++metric)
    metrics.push_back(standings_of(table, metric));
  json.set("metrics", Value(std::move(metrics)));
  Value::List cells;
  visit(table, [&](const Cell& cell, const std::string& metric, const Places& places) {
    Value& one = cells.emplace_back(Value::object());
    one.set("metric", metric);
    for (const auto& [coordinate, value] : places)
      one.set(coordinate->text, value->empty() ? Value() : Value(*value));
    one.set("mean", number_or_null(cell.mean));
    one.set("deviation", number_or_null(cell.deviation));
    one.set("measured", cell.measured);
    one.set("planned", cell.planned);
    one.set("rank", cell.rank > 0 ? Value(cell.rank) : Value());
    one.set("best", cell.best);
    one.set("second", cell.second);
    Value status = Value::object();
    for (const auto& [name, count] : cell.status) status.set(name, count);
    one.set("status", std::move(status));
    one.set("notes", list_of(cell.notes));
  });
  json.set("cells", Value(std::move(cells)));
  json.set("left_out", table.left_out);
  json.set("problems", list_of(table.problems));
  json.set("notes", list_of(table.notes));
  return to_json_text(json) + "\n";
}

}  // namespace metriclab
