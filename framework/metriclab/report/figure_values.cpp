// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <metriclab/report/figure_source.hpp>
#include <metriclab/report/moments.hpp>

namespace metriclab {
namespace {

constexpr const char* kSeconds = "seconds.fit";
// The dots of a row lie this far up and down, in rows.
constexpr double kSpread = 0.28;

std::string label_of(const Table& table, std::size_t metric) {
  const char* better = table.better[metric] == Better::higher  ? " (higher is better)"
                       : table.better[metric] == Better::lower ? " (lower is better)"
                                                               : "";
  return table.metrics[metric] + better;
}

/// A method as a point of time and quality.
struct Standing {
  std::size_t method = 0;
  double seconds = 0;
  Averaged quality;  // its x is the seconds
};

/// A point a method and the steps along the front.
void draw_standings(Figure& figure, const FigureSource& source,
                    const std::vector<Standing>& standings, Better better) {
  std::vector<double> cost, value;
  for (const Standing& each : standings) {
    cost.push_back(each.seconds);
    value.push_back(each.quality.mean);
  }
  Series front{.name = "Pareto front"};
  front.marks = Marks::steps;
  front.reference = true;
  front.in_legend = false;
  std::vector<bool> best(standings.size());
  for (std::size_t i : pareto_front(cost, value, better)) {
    best[i] = true;
    front.x.push_back(cost[i]);
    front.y.push_back(value[i]);
  }
  // Who may spend more gets at least what the last of the front gives.
  if (!cost.empty()) {
    front.x.push_back(*std::max_element(cost.begin(), cost.end()));
    front.y.push_back(front.y.back());
  }
  figure.series.push_back(std::move(front));
  for (std::size_t i = 0; i < standings.size(); ++i) {
    Series series;
    series.name = source.table().methods[standings[i].method];
    series.style = standings[i].method;
    series.marks = Marks::points;
    add_point(series, standings[i].quality, best[i] ? "on the Pareto front" : "");
    figure.series.push_back(std::move(series));
  }
  figure.x = {.label = "seconds of fit", .scale = Scale::logarithmic};
  figure.label_series = true;
}

/// The values of a metric and the seconds of fit, by method, of one data set's runs that have both.
using Pairs = std::map<std::size_t, std::pair<std::vector<double>, std::vector<double>>>;

std::vector<Pairs> pairs_of(const FigureSource& source, const std::string& metric) {
  std::vector<Pairs> datasets(source.table().datasets.size());
  for (const FigureSource::Run& run : source.runs()) {
    const double value = FigureSource::value_of(*run.record, metric);
    const double seconds = FigureSource::value_of(*run.record, kSeconds);
    if (!std::isfinite(value) || !(seconds > 0)) continue;
    auto& [values, times] = datasets[run.dataset][run.method];
    values.push_back(value);
    times.push_back(seconds);
  }
  return datasets;
}

/// Over all data sets: the mean rank against the geometric mean of the seconds, of the methods that
/// have both on each.
std::vector<Standing> over_datasets(const std::vector<Pairs>& datasets, std::size_t n_methods,
                                    Better better) {
  std::vector<std::size_t> everywhere;
  for (std::size_t method = 0; method < n_methods; ++method)
    if (std::all_of(datasets.begin(), datasets.end(),
                    [&](const Pairs& pairs) { return pairs.contains(method); }))
      everywhere.push_back(method);
  std::vector<std::vector<double>> ranks(everywhere.size()), logarithms(everywhere.size());
  for (const Pairs& pairs : datasets) {
    std::vector<double> means;
    for (std::size_t method : everywhere) means.push_back(mean_of(pairs.at(method).first));
    const std::vector<double> here = ranks_of(means, better);
    for (std::size_t i = 0; i < everywhere.size(); ++i) {
      ranks[i].push_back(here[i]);
      logarithms[i].push_back(std::log(mean_of(pairs.at(everywhere[i]).second)));
    }
  }
  std::vector<Standing> standings;
  for (std::size_t i = 0; i < everywhere.size(); ++i) {
    const double seconds = std::exp(mean_of(logarithms[i]));
    Averaged rank = averaged(seconds, ranks[i]);
    rank.deviation = std::numeric_limits<double>::quiet_NaN();
    standings.push_back({everywhere[i], seconds, rank});
  }
  return standings;
}

}  // namespace

std::vector<std::size_t> pareto_front(const std::vector<double>& cost,
                                      const std::vector<double>& value, Better better) {
  const double sign = better == Better::lower ? -1 : 1;
  std::vector<std::size_t> order(cost.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (cost[a] != cost[b]) return cost[a] < cost[b];
    if (value[a] != value[b]) return sign * value[a] > sign * value[b];
    return a < b;
  });
  std::vector<std::size_t> front;
  for (std::size_t i : order) {
    const bool equals_last =
        !front.empty() && cost[i] == cost[front.back()] && value[i] == value[front.back()];
    if (front.empty() || sign * value[i] > sign * value[front.back()] || equals_last)
      front.push_back(i);
  }
  return front;
}

std::vector<Figure> pareto_figures(const FigureSource& source) {
  const Table& table = source.table();
  std::vector<Figure> figures;
  for (std::size_t metric = 0; metric < table.metrics.size(); ++metric) {
    const std::string& name = table.metrics[metric];
    const Better better = table.better[metric];
    if (better == Better::neither || name.starts_with("seconds.")) continue;
    const std::vector<Pairs> datasets = pairs_of(source, name);
    const auto add = [&](const std::string& where, std::vector<Standing> standings,
                         const std::string& label, Better is_better, const std::string& note) {
      if (standings.size() < 2) return;
      Figure figure;
      figure.name = fmt::format("pareto-{}-{}", where, name);
      figure.title = fmt::format("{} against the time of fit, {}", name,
                                 where == "all" ? "over all data sets" : "on " + where);
      draw_standings(figure, source, standings, is_better);
      figure.y.label = label;
      figure.notes.push_back(note);
      figures.push_back(std::move(figure));
    };
    for (std::size_t dataset = 0; dataset < datasets.size(); ++dataset) {
      std::vector<Standing> standings;
      for (const auto& [method, pair] : datasets[dataset]) {
        const double seconds = mean_of(pair.second);
        standings.push_back({method, seconds, averaged(seconds, pair.first)});
      }
      add(table.datasets[dataset], std::move(standings), label_of(table, metric), better,
          mean_over(source, dataset) +
              ", whiskers: ± one standard deviation; the steps: what no method beats in both");
    }
    if (datasets.size() > 1)
      add("all", over_datasets(datasets, table.methods.size(), better),
          fmt::format("mean rank ({})", name), Better::lower,
          fmt::format(
              "over {} data sets, seconds by their geometric mean; the steps: what no method "
              "beats in both",
              datasets.size()));
  }
  return figures;
}

std::vector<Figure> dot_figures(const FigureSource& source) {
  const Table& table = source.table();
  std::vector<Figure> figures;
  for (std::size_t metric = 0; metric < table.metrics.size(); ++metric)
    for (std::size_t dataset = 0; dataset < table.datasets.size(); ++dataset) {
      Figure figure;
      figure.name = fmt::format("dots-{}-{}", table.datasets[dataset], table.metrics[metric]);
      figure.title = fmt::format("{} on {}", table.metrics[metric], table.datasets[dataset]);
      figure.x.label = label_of(table, metric);
      figure.y.scale = Scale::categories;
      std::map<std::string, std::size_t> splits;
      std::map<std::size_t, std::vector<std::pair<const Record*, double>>> methods;
      for (const FigureSource::Run& run : source.runs()) {
        const double value = FigureSource::value_of(*run.record, table.metrics[metric]);
        if (run.dataset != dataset || !std::isfinite(value)) continue;
        splits.emplace(run.record->split, splits.size());
        methods[run.method].emplace_back(run.record, value);
      }
      if (methods.empty()) continue;
      Series means{.name = "mean"};
      means.marks = Marks::bars;
      means.reference = true;
      means.in_legend = false;
      for (const auto& [method, runs] : methods) {
        const auto row = static_cast<double>(figure.y.categories.size());
        figure.y.categories.push_back(table.methods[method]);
        Series series{.name = table.methods[method]};
        series.style = method;
        series.marks = Marks::points;
        series.in_legend = false;
        std::vector<double> values;
        for (const auto& [record, value] : runs) {
          const double place = splits.size() < 2
                                   ? 0
                                   : 2 * static_cast<double>(splits.at(record->split)) /
                                             static_cast<double>(splits.size() - 1) -
                                         1;
          series.x.push_back(value);
          series.y.push_back(row + kSpread * place);
          series.labels.push_back(fmt::format("{}, seed {}", record->split, record->seed));
          values.push_back(value);
        }
        means.x.push_back(mean_of(values));
        means.y.push_back(row);
        means.labels.push_back(fmt::format("of {} runs", values.size()));
        figure.series.push_back(std::move(series));
      }
      figure.series.push_back(std::move(means));
      figure.height = 200;  // and what the rows take
      figure.notes.push_back("each dot a run, the bar the mean; the same split at the same height");
      figures.push_back(std::move(figure));
    }
  return figures;
}

}  // namespace metriclab
