// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <cmath>
#include <metriclab/plugin/json.hpp>
#include <metriclab/report/sheet.hpp>

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

}  // namespace

std::string csv_of(const Table& table) {
  std::string text = "metric,dataset,method,mean,deviation,measured,planned,rank,best,notes\n";
  for (std::size_t metric = 0; metric < table.metrics.size(); ++metric)
    for (std::size_t dataset = 0; dataset < table.datasets.size(); ++dataset)
      for (std::size_t method = 0; method < table.methods.size(); ++method) {
        const Cell& cell = table.cell(metric, dataset, method);
        if (cell.planned == 0) continue;
        text +=
            fmt::format("{},{},{},{},{},{},{},{},{},{}\n", csv_field(table.metrics[metric]),
                        csv_field(table.datasets[dataset]), csv_field(table.methods[method]),
                        csv_number(cell.mean), csv_number(cell.deviation), cell.measured,
                        cell.planned, cell.rank > 0 ? csv_number(cell.rank) : "", cell.best ? 1 : 0,
                        csv_field(fmt::format("{}", fmt::join(cell.notes, "; "))));
      }
  return text;
}

std::string json_of(const Table& table) {
  Value json = Value::object();
  json.set("experiments", list_of(table.experiments));
  Value::List metrics;
  for (std::size_t metric = 0; metric < table.metrics.size(); ++metric) {
    Value& one = metrics.emplace_back(Value::object());
    one.set("name", table.metrics[metric]);
    const Better better = table.better[metric];
    one.set("higher_is_better",
            better == Better::neither ? Value() : Value(better == Better::higher));
    Value ranks = Value::object();
    for (std::size_t method = 0; method < table.methods.size(); ++method)
      if (const auto& rank = table.average_ranks[metric].ranks[method])
        ranks.set(table.methods[method], *rank);
    one.set("average_ranks", std::move(ranks));
    one.set("average_ranks_over", table.average_ranks[metric].datasets);
  }
  json.set("metrics", Value(std::move(metrics)));
  json.set("datasets", list_of(table.datasets));
  json.set("methods", list_of(table.methods));
  Value::List cells;
  for (std::size_t metric = 0; metric < table.metrics.size(); ++metric)
    for (std::size_t dataset = 0; dataset < table.datasets.size(); ++dataset)
      for (std::size_t method = 0; method < table.methods.size(); ++method) {
        const Cell& cell = table.cell(metric, dataset, method);
        if (cell.planned == 0) continue;
        Value& one = cells.emplace_back(Value::object());
        one.set("metric", table.metrics[metric]);
        one.set("dataset", table.datasets[dataset]);
        one.set("method", table.methods[method]);
        one.set("mean", number_or_null(cell.mean));
        one.set("deviation", number_or_null(cell.deviation));
        one.set("measured", cell.measured);
        one.set("planned", cell.planned);
        one.set("rank", cell.rank > 0 ? Value(cell.rank) : Value());
        one.set("best", cell.best);
        Value status = Value::object();
        for (const auto& [name, count] : cell.status) status.set(name, count);
        one.set("status", std::move(status));
        one.set("notes", list_of(cell.notes));
      }
  json.set("cells", Value(std::move(cells)));
  json.set("left_out", table.left_out);
  json.set("problems", list_of(table.problems));
  json.set("notes", list_of(table.notes));
  return to_json_text(json) + "\n";
}

}  // namespace metriclab
