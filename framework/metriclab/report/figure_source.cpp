// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/report/figure_source.hpp>
#include <metriclab/report/moments.hpp>
#include <metriclab/report/phrases.hpp>
#include <set>

namespace metriclab {
namespace {

std::unordered_map<std::string, std::size_t> numbers_of(const std::vector<std::string>& names) {
  std::unordered_map<std::string, std::size_t> numbers;
  for (const std::string& name : names) numbers.emplace(name, numbers.size());
  return numbers;
}

}  // namespace

FigureSource::FigureSource(const Results& results, const FigureOptions& options)
    : results_(filter(results, options.where)),
      table_(make_table(results, {.metrics = options.metrics, .where = options.where})),
      trials_(options.trials) {
  const auto datasets = numbers_of(table_.datasets), methods = numbers_of(table_.methods);
  for (const Record& record : results_.records)
    if (record.status == "ok")
      runs_.push_back({&record, datasets.at(record.dataset), methods.at(record.method)});
  details_.resize(runs_.size());
}

const RunDetails& FigureSource::details(std::size_t run) const {
  if (!details_[run]) details_[run] = read_run_details(runs_[run].record->file);
  return *details_[run];
}

double FigureSource::value_of(const Record& record, const std::string& metric) {
  for (const RecordedMetric& each : record.measurements)
    if (each.name == metric) return each.value;
  return std::numeric_limits<double>::quiet_NaN();
}

Averaged averaged(double x, const std::vector<double>& values) {
  return {x, mean_of(values), deviation_of(values), values.size()};
}

void add_point(Series& series, const Averaged& point, std::string label) {
  series.x.push_back(point.x);
  series.y.push_back(point.mean);
  series.low.push_back(point.mean - point.deviation);
  series.high.push_back(point.mean + point.deviation);
  series.labels.push_back(std::move(label));
}

std::string mean_over(const FigureSource& source, std::optional<std::size_t> dataset) {
  std::set<std::string> splits;
  std::set<std::int64_t> seeds;
  for (const FigureSource::Run& run : source.runs()) {
    if (dataset && run.dataset != *dataset) continue;
    splits.insert(run.record->split);
    seeds.insert(run.record->seed);
  }
  // Other data sets may have other splits of other names.
  if (!dataset) return "mean over splits and seeds";
  std::vector<std::string> parts;
  if (splits.size() > 1) parts.push_back(fmt::format("{} splits", splits.size()));
  if (seeds.size() > 1) parts.push_back(fmt::format("{} seeds", seeds.size()));
  return parts.empty() ? "one run" : fmt::format("mean over {}", listed(parts));
}

}  // namespace metriclab
