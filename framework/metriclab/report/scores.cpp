// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <metriclab/plugin/error.hpp>
#include <metriclab/report/moments.hpp>
#include <metriclab/report/scores.hpp>
#include <metriclab/report/table.hpp>
#include <unordered_map>

namespace metriclab {
namespace {

void check_methods(const Results& results, const std::vector<std::string>& methods) {
  std::vector<std::string> known;
  for (const Record& record : results.records)
    if (std::find(known.begin(), known.end(), record.method) == known.end())
      known.push_back(record.method);
  for (const std::string& method : methods)
    if (std::find(known.begin(), known.end(), method) == known.end())
      throw Error(fmt::format("there is no method \"{}\" in these results{}", method,
                              suggestion(method, known)));
}

/// Every (data set, method) of a table, with the values of its runs.
struct Field {
  Table table;
  std::vector<Score> scores;
  std::vector<std::vector<std::string>> splits, examples;
  std::vector<std::string> lacks;  // why the cell is incomplete, "" where it is complete

  std::size_t at(std::size_t dataset, std::size_t method) const {
    return dataset * table.methods.size() + method;
  }
};

struct Run {
  std::size_t split;
  std::int64_t seed;
  double value;
};

void fill(Score& score, std::vector<Run>& runs) {
  std::sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) {
    return a.split != b.split ? a.split < b.split : a.seed < b.seed;
  });
  for (std::size_t first = 0; first < runs.size();) {
    std::size_t end = first;
    for (; end < runs.size() && runs[end].split == runs[first].split; ++end) {
      score.runs.push_back(runs[end].value);
      score.seeds.push_back(runs[end].seed);
    }
    score.splits.push_back(mean_of(std::span(score.runs).subspan(first)));
    first = end;
  }
  score.mean = mean_of(score.splits);
  score.deviation = deviation_of(score.runs);
}

Field read_field(const Results& results, Table table) {
  Field field;
  field.table = std::move(table);
  const std::size_t n_datasets = field.table.datasets.size();
  const std::string& metric = field.table.metrics.front();
  std::unordered_map<std::string, std::size_t> dataset_numbers, method_numbers;
  for (const auto& name : field.table.datasets)
    dataset_numbers.emplace(name, dataset_numbers.size());
  for (const auto& name : field.table.methods) method_numbers.emplace(name, method_numbers.size());
  field.scores.resize(n_datasets * field.table.methods.size());
  field.lacks.resize(field.scores.size());
  field.splits.resize(n_datasets);
  field.examples.resize(n_datasets);
  std::vector<std::vector<Run>> runs(field.scores.size());
  std::vector<std::unordered_map<std::string, std::size_t>> split_numbers(n_datasets);
  for (const Record& record : results.records) {
    const std::size_t dataset = dataset_numbers.at(record.dataset);
    const auto [split, fresh] =
        split_numbers[dataset].emplace(record.split, field.splits[dataset].size());
    if (fresh) {
      field.splits[dataset].push_back(record.split);
      field.examples[dataset].emplace_back();
    }
    if (record.status != "ok") continue;
    for (const RecordedMetric& each : record.measurements)
      if (each.name == metric && std::isfinite(each.value)) {
        runs[field.at(dataset, method_numbers.at(record.method))].push_back(
            {split->second, record.seed, each.value});
        field.examples[dataset][split->second] = record.id;
      }
  }
  for (std::size_t dataset = 0; dataset < n_datasets; ++dataset)
    for (std::size_t method = 0; method < field.table.methods.size(); ++method) {
      const std::size_t at = field.at(dataset, method);
      fill(field.scores[at], runs[at]);
      const Cell& cell = field.table.cell(0, dataset, method);
      const std::size_t have = field.scores[at].splits.size(), all = field.splits[dataset].size();
      if (cell.planned == 0)
        field.lacks[at] = "it was not run there";
      else if (!cell.complete())
        field.lacks[at] = fmt::format("{}", fmt::join(cell.notes, "; "));
      else if (have < all)
        field.lacks[at] = fmt::format("it has {} of the {} splits", have, all);
    }
  return field;
}

/// Numbers of what takes part.
struct Taking {
  std::vector<std::size_t> datasets, methods;
};

/// "name: reason; name: reason; and 7 more"
std::string reasons_of(const std::vector<std::string>& reasons) {
  constexpr std::size_t kShown = 2;
  std::string text = fmt::format(
      "{}",
      fmt::join(reasons.begin(),
                reasons.begin() + static_cast<std::ptrdiff_t>(std::min(kShown, reasons.size())),
                "; "));
  if (reasons.size() > kShown) text += fmt::format("; and {} more", reasons.size() - kShown);
  return text;
}

struct Worst {
  double part = 0;
  std::size_t place = 0;
};

/// Leaves aside methods and data sets until nothing is incomplete.
Taking choose(const Field& field, const std::string& control, Scores& chosen) {
  Taking taking;
  for (std::size_t d = 0; d < field.table.datasets.size(); ++d) taking.datasets.push_back(d);
  for (std::size_t m = 0; m < field.table.methods.size(); ++m) taking.methods.push_back(m);
  const auto lacks = [&](std::size_t d, std::size_t m) {
    return !field.lacks[field.at(d, m)].empty();
  };
  while (!taking.datasets.empty() && !taking.methods.empty()) {
    Worst method, dataset;
    for (std::size_t i = 0; i < taking.methods.size(); ++i) {
      if (field.table.methods[taking.methods[i]] == control) continue;
      const auto count = std::count_if(taking.datasets.begin(), taking.datasets.end(),
                                       [&](std::size_t d) { return lacks(d, taking.methods[i]); });
      const double part = static_cast<double>(count) / static_cast<double>(taking.datasets.size());
      if (part > method.part) method = {part, i};
    }
    for (std::size_t i = 0; i < taking.datasets.size(); ++i) {
      const auto count = std::count_if(taking.methods.begin(), taking.methods.end(),
                                       [&](std::size_t m) { return lacks(taking.datasets[i], m); });
      const double part = static_cast<double>(count) / static_cast<double>(taking.methods.size());
      if (part > dataset.part) dataset = {part, i};
    }
    if (method.part == 0 && dataset.part == 0) break;
    std::vector<std::string> reasons;
    if (method.part >= dataset.part) {
      const std::size_t m = taking.methods[method.place];
      for (std::size_t d : taking.datasets)
        if (lacks(d, m))
          reasons.push_back(
              fmt::format("{}: {}", field.table.datasets[d], field.lacks[field.at(d, m)]));
      chosen.methods_aside.push_back({field.table.methods[m], reasons_of(reasons)});
      taking.methods.erase(taking.methods.begin() + static_cast<std::ptrdiff_t>(method.place));
    } else {
      const std::size_t d = taking.datasets[dataset.place];
      for (std::size_t m : taking.methods)
        if (lacks(d, m))
          reasons.push_back(
              fmt::format("{}: {}", field.table.methods[m], field.lacks[field.at(d, m)]));
      chosen.datasets_aside.push_back({field.table.datasets[d], reasons_of(reasons)});
      taking.datasets.erase(taking.datasets.begin() + static_cast<std::ptrdiff_t>(dataset.place));
    }
  }
  return taking;
}

void check_control(const Field& field, const std::string& control) {
  const auto& names = field.table.methods;
  const auto method =
      static_cast<std::size_t>(std::find(names.begin(), names.end(), control) - names.begin());
  std::vector<std::string> reasons;
  for (std::size_t dataset = 0; dataset < field.table.datasets.size(); ++dataset) {
    const std::string& lack = field.lacks[field.at(dataset, method)];
    if (lack.empty()) return;
    reasons.push_back(fmt::format("{}: {}", field.table.datasets[dataset], lack));
  }
  throw Error(fmt::format("the control \"{}\" has all of its runs on no data set ({})", control,
                          reasons_of(reasons)));
}

[[noreturn]] void too_few(const Scores& chosen, const Taking& taking, const Field& field) {
  std::string text = "nothing to compare by " + chosen.metric + ": ";
  if (taking.datasets.empty() || taking.methods.empty())
    text += "no method has all of its runs on any data set";
  else
    text +=
        fmt::format("only \"{}\" has all of its runs", field.table.methods[taking.methods.front()]);
  for (const LeftAside& each : chosen.methods_aside)
    text += fmt::format("; \"{}\" is left aside ({})", each.name, each.reason);
  for (const LeftAside& each : chosen.datasets_aside)
    text += fmt::format("; data set \"{}\" is left aside ({})", each.name, each.reason);
  throw Error(text);
}

}  // namespace

Scores choose_scores(Results results, const std::string& metric, std::vector<std::string> methods,
                     const std::string& control) {
  check_methods(results, methods);
  if (!control.empty()) {
    check_methods(results, {control});
    if (!methods.empty()) methods.push_back(control);
  }
  if (!methods.empty())
    std::erase_if(results.records, [&](const Record& record) {
      return std::find(methods.begin(), methods.end(), record.method) == methods.end();
    });
  if (results.records.empty()) throw Error("there are no runs in these results");
  TableOptions options;
  if (!metric.empty()) options.metrics = {metric};
  Table table = make_table(results, options);
  if (table.metrics.empty())
    throw Error("nothing to compare: no run in these results has measured anything");
  Scores chosen;
  chosen.metric = table.metrics.front();
  chosen.better = table.better.front();
  chosen.experiments = table.experiments;
  if (chosen.better == Better::neither)
    throw Error(fmt::format(
        "{} describes and has no better or worse, so that it can't be compared by; choose another "
        "with --metric",
        chosen.metric));
  const Field field = read_field(results, std::move(table));
  if (!control.empty()) check_control(field, control);
  const Taking taking = choose(field, control, chosen);
  if (taking.datasets.empty() || taking.methods.size() < 2) too_few(chosen, taking, field);
  for (std::size_t method : taking.methods) chosen.methods.push_back(field.table.methods[method]);
  for (std::size_t dataset : taking.datasets) {
    chosen.datasets.push_back(field.table.datasets[dataset]);
    chosen.splits.push_back(field.splits[dataset]);
    chosen.examples.push_back(field.examples[dataset]);
    for (std::size_t method : taking.methods)
      chosen.scores.push_back(field.scores[field.at(dataset, method)]);
  }
  return chosen;
}

}  // namespace metriclab
