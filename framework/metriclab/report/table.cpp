// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/plugin/error.hpp>
#include <metriclab/report/names.hpp>
#include <metriclab/report/table.hpp>
#include <numeric>
#include <set>
#include <unordered_map>

namespace metriclab {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::vector<std::string> choose_metrics(const Results& results,
                                        const std::vector<std::string>& asked) {
  std::vector<std::string> known = results.metrics;
  if (asked.empty()) {
    if (known.empty()) return {};
    const bool usual = std::find(known.begin(), known.end(), "knn.accuracy") != known.end();
    return {usual ? "knn.accuracy" : known.front()};
  }
  for (const std::string& name : asked)
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      const std::string near = suggestion(name, known);
      throw Error(
          fmt::format("there is no metric \"{}\" in these results{}", name,
                      near.empty() ? fmt::format("; there is {}", fmt::join(known, ", ")) : near));
    }
  return asked;
}

void summarise(const std::vector<double>& values, Cell& cell) {
  cell.measured = static_cast<std::int64_t>(values.size());
  const auto n = static_cast<double>(values.size());
  cell.mean = values.empty() ? kNan : std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (double value : values) squares += (value - cell.mean) * (value - cell.mean);
  cell.deviation = values.size() < 2 ? kNan : std::sqrt(squares / (n - 1));
}

/// What the runs without a value have to say: "2 failed: …".
std::vector<std::string> reasons_of(const std::vector<const Record*>& runs,
                                    const std::string& metric) {
  std::map<std::string, std::int64_t> counts;
  for (const Record* run : runs) {
    const auto found =
        std::find_if(run->measurements.begin(), run->measurements.end(),
                     [&](const RecordedMetric& each) { return each.name == metric; });
    if (run->status == "ok" && found != run->measurements.end() && std::isfinite(found->value))
      continue;
    std::string text = run->status, reason = run->reason;
    if (text == "out_of_memory") text = "ran out of memory";
    if (text == "timed_out") text = "timed out";
    if (text == "ok") {
      const bool there = found != run->measurements.end();
      text = there ? "without a value" : "without this metric";
      reason = there ? found->reason : "";
    }
    if (!reason.empty()) text += ": " + reason;
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    ++counts[text];
  }
  std::vector<std::pair<std::string, std::int64_t>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> notes;
  const auto planned = runs.size();
  for (const auto& [text, count] : sorted)
    notes.push_back(planned == 1 ? text : fmt::format("{} of {} runs {}", count, planned, text));
  return notes;
}

void rank_cells(Table& table, std::size_t metric, std::size_t dataset) {
  const std::size_t n_methods = table.methods.size();
  Cell* cells = &table.cells[(metric * table.datasets.size() + dataset) * n_methods];
  std::vector<double> values;
  std::vector<Cell*> complete;
  for (std::size_t method = 0; method < n_methods; ++method)
    if (cells[method].complete()) {
      values.push_back(cells[method].mean);
      complete.push_back(&cells[method]);
    }
  const std::vector<double> ranks = ranks_of(values, table.better[metric]);
  if (ranks.empty()) return;
  const double first = *std::min_element(ranks.begin(), ranks.end());
  const double last = *std::max_element(ranks.begin(), ranks.end());
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    complete[i]->rank = ranks[i];
    complete[i]->best = ranks[i] == first && first < last;
  }
}

AverageRanks average(const Table& table, std::size_t metric) {
  std::vector<std::size_t> taking_part;
  for (std::size_t method = 0; method < table.methods.size(); ++method)
    for (std::size_t dataset = 0; dataset < table.datasets.size(); ++dataset)
      if (table.cell(metric, dataset, method).complete()) {
        taking_part.push_back(method);
        break;
      }
  AverageRanks result;
  result.ranks.resize(table.methods.size());
  if (table.better[metric] == Better::neither) return result;
  std::vector<double> sums(taking_part.size(), 0.0);
  for (std::size_t dataset = 0; dataset < table.datasets.size(); ++dataset) {
    const auto complete = [&](std::size_t method) {
      return table.cell(metric, dataset, method).complete();
    };
    if (!std::all_of(taking_part.begin(), taking_part.end(), complete)) continue;
    ++result.datasets;
    for (std::size_t i = 0; i < taking_part.size(); ++i)
      sums[i] += table.cell(metric, dataset, taking_part[i]).rank;
  }
  if (result.datasets < 2 || taking_part.size() < 2) return result;
  for (std::size_t i = 0; i < taking_part.size(); ++i)
    result.ranks[taking_part[i]] = sums[i] / static_cast<double>(result.datasets);
  return result;
}

}  // namespace

std::vector<double> ranks_of(const std::vector<double>& values, Better better) {
  if (better == Better::neither) return {};
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return better == Better::higher ? values[a] > values[b] : values[a] < values[b];
  });
  std::vector<double> ranks(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t end = first + 1;
    const double value = values[order[first]];
    while (end < order.size()) {
      const double other = values[order[end]];
      if (std::abs(value - other) > 1e-12 * std::max(std::abs(value), std::abs(other))) break;
      ++end;
    }
    // Places first + 1 … end share their mean.
    for (std::size_t i = first; i < end; ++i)
      ranks[order[i]] = static_cast<double>(first + 1 + end) / 2;
    first = end;
  }
  return ranks;
}

Table make_table(const Results& results, const TableOptions& options) {
  Table table;
  table.experiments = results.experiments;
  table.left_out = results.left_out;
  table.problems = results.problems;
  table.notes = results.notes;
  table.metrics = choose_metrics(results, options.metrics);
  for (const std::string& metric : table.metrics) table.better.push_back(results.better.at(metric));

  Names datasets, methods;
  for (const Record& record : results.records) {
    datasets.add(record.dataset);
    methods.add(record.method);
  }
  table.datasets = datasets.names;
  table.methods = methods.names;
  const std::size_t n_methods = methods.names.size(), n_cells = datasets.names.size() * n_methods;
  std::vector<std::vector<const Record*>> runs(n_cells);
  std::vector<std::set<std::string>> splits(datasets.names.size());
  std::vector<std::set<std::int64_t>> seeds(datasets.names.size());
  for (const Record& record : results.records) {
    const std::size_t dataset = datasets.add(record.dataset);
    runs[dataset * n_methods + methods.add(record.method)].push_back(&record);
    splits[dataset].insert(record.split);
    seeds[dataset].insert(record.seed);
  }
  for (std::size_t dataset = 0; dataset < datasets.names.size(); ++dataset) {
    auto& over = table.runs_over.emplace_back();
    if (splits[dataset].size() > 1)
      over.push_back(fmt::format("{} splits", splits[dataset].size()));
    if (seeds[dataset].size() > 1) over.push_back(fmt::format("{} seeds", seeds[dataset].size()));
  }

  for (const std::string& metric : table.metrics)
    for (const auto& of_cell : runs) {
      Cell& cell = table.cells.emplace_back();
      cell.planned = static_cast<std::int64_t>(of_cell.size());
      std::vector<double> values;
      for (const Record* run : of_cell) {
        ++cell.status[run->status];
        if (run->status != "ok") continue;
        for (const RecordedMetric& each : run->measurements)
          if (each.name == metric && std::isfinite(each.value)) values.push_back(each.value);
      }
      summarise(values, cell);
      cell.notes = reasons_of(of_cell, metric);
    }
  for (std::size_t metric = 0; metric < table.metrics.size(); ++metric) {
    for (std::size_t dataset = 0; dataset < table.datasets.size(); ++dataset)
      rank_cells(table, metric, dataset);
    table.average_ranks.push_back(average(table, metric));
  }
  return table;
}

std::string table_text(const std::filesystem::path& results_folder, const TableOptions& options) {
  return render(make_table(read_results({results_folder}), options), options);
}

}  // namespace metriclab
