// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <metriclab/data/text.hpp>
#include <metriclab/experiment/pointer.hpp>
#include <metriclab/report/figure_source.hpp>
#include <metriclab/report/json_slice.hpp>
#include <metriclab/report/moments.hpp>
#include <metriclab/report/names.hpp>

namespace metriclab {
namespace {

// So many series can be told apart in one picture.
constexpr std::size_t kMostSeries = 12;

using Values = std::map<std::string, std::string>;  // pointer below the method → value

/// The runs of one method, whatever its values.
struct Varied {
  std::string base;
  std::vector<std::size_t> runs;
  std::vector<Values> values;         // of each run
  std::vector<std::string> pointers;  // that its runs differ in

  /// What else runs differ in, save what follows from the value at that pointer.
  std::vector<std::string> others(const std::string& pointer) const {
    std::vector<std::string> independent;
    for (const std::string& other : pointers) {
      std::map<std::string, std::string> of;
      const auto differs = [&](const Values& each) {
        const auto here = each.find(pointer), there = each.find(other);
        if (here == each.end() || there == each.end()) return false;
        return of.emplace(here->second, there->second).first->second != there->second;
      };
      if (other != pointer && std::any_of(values.begin(), values.end(), differs))
        independent.push_back(other);
    }
    return independent;
  }
};

std::vector<Varied> varied_of(const FigureSource& source) {
  std::vector<Varied> all;
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < source.runs().size(); ++i) {
    const std::string& base = source.runs()[i].record->base;
    const RunDetails& details = source.details(i);
    const std::string prefix = "/methods" + pointer_step(base);
    Values values;
    for (const auto& [pointer, value] : details.grid)
      if (pointer.starts_with(prefix + "/")) values[pointer.substr(prefix.size())] = value;
    if (source.trials())
      for (const auto& [pointer, value] : details.chosen) values[pointer] = value;
    if (values.empty()) continue;
    const auto [place, fresh] = places.emplace(base, all.size());
    if (fresh) all.push_back({base, {}, {}, {}});
    Varied& varied = all[place->second];
    varied.runs.push_back(i);
    varied.values.push_back(std::move(values));
  }
  for (Varied& varied : all)
    for (const auto& [pointer, value] : varied.values.front())
      if (std::any_of(varied.values.begin(), varied.values.end(), [&](const Values& each) {
            const auto found = each.find(pointer);
            return found != each.end() && found->second != value;
          }))
        varied.pointers.push_back(pointer);
  std::erase_if(all, [](const Varied& each) { return each.pointers.empty(); });
  return all;
}

/// "learning_rate" of "/training/learning_rate", "kernel" of "/kernel/plugin".
std::string short_pointer(const std::string& pointer) {
  std::vector<std::string> steps = pointer_steps(pointer);
  if (steps.size() > 1 && steps.back() == "plugin") steps.pop_back();
  return steps.back();
}

/// A value for people: a plugin's block as its name and what stands behind it.
std::string short_value(const std::string& value) {
  if (!value.starts_with('{')) return value;
  try {
    std::string name, rest;
    for (const auto& [key, member] : JsonSlice::of(value).members())
      if (key == "plugin")
        name = member.plain();
      else
        rest += fmt::format("{}{}={}", rest.empty() ? "" : " ", key, member.plain());
    if (name.empty() || rest.empty()) return name.empty() ? rest : name;
    return name + " " + rest;
  } catch (const JsonSlice::Malformed&) {
    return value;
  }
}

double spread_of_gaps(const std::vector<double>& places) {
  std::vector<double> gaps;
  for (std::size_t i = 1; i < places.size(); ++i) gaps.push_back(places[i] - places[i - 1]);
  return deviation_of(gaps) / mean_of(gaps);
}

/// Whether numbers, ascending, are rather evenly spread over decades than over the line.
bool over_decades(const std::vector<double>& numbers) {
  if (numbers.empty() || numbers.front() <= 0 || numbers.back() < 10 * numbers.front())
    return false;
  std::vector<double> logarithms;
  for (double number : numbers) logarithms.push_back(std::log(number));
  return numbers.size() < 3 || spread_of_gaps(logarithms) < spread_of_gaps(numbers);
}

/// What stands on the axis of a parameter: places for its values.
class ParameterAxis {
 public:
  ParameterAxis(FigureAxis& axis, const std::string& pointer,
                const std::vector<std::string>& values) {
    axis.label = short_pointer(pointer);
    std::vector<double> numbers;
    for (const std::string& value : values)
      if (const auto number = number_of(value)) numbers.push_back(*number);
    numeric_ = numbers.size() == values.size();
    if (numeric_) {
      std::sort(numbers.begin(), numbers.end());
      axis.scale = over_decades(numbers) ? Scale::logarithmic : Scale::linear;
      return;
    }
    axis.scale = Scale::categories;
    for (const std::string& value : values) {
      places_.emplace(value, static_cast<double>(axis.categories.size()));
      axis.categories.push_back(short_value(value));
    }
  }
  double at(const std::string& value) const {
    return numeric_ ? *number_of(value) : places_.at(value);
  }

 private:
  bool numeric_ = true;
  std::map<std::string, double> places_;
};

/// The runs that a figure shows, each with the series it is of, its value and the whole of its
/// values.
struct Shown {
  std::size_t run;
  std::string series, value, all;
};

std::string values_text(const Values& values, const std::vector<std::string>& pointers) {
  std::string text;
  for (const std::string& pointer : pointers)
    if (const auto found = values.find(pointer); found != values.end())
      text += fmt::format("{}{}={}", text.empty() ? "" : " ", short_pointer(pointer),
                          short_value(found->second));
  return text;
}

/// One picture; `shown` in the order of its series.
Figure figure_of(const FigureSource& source, const std::string& pointer,
                 const std::vector<Shown>& shown, const std::string& metric) {
  Figure figure;
  Names values, names;
  for (const Shown& each : shown) values.add(each.value);
  const ParameterAxis axis(figure.x, pointer, values.names);
  // By series, then place; of trials also by the trial.
  std::map<std::size_t, std::map<std::pair<double, std::string>, std::vector<double>>> series;
  for (const Shown& each : shown) {
    const double value = FigureSource::value_of(*source.runs()[each.run].record, metric);
    if (std::isfinite(value))
      series[names.add(each.series)][{axis.at(each.value), source.trials() ? each.all : ""}]
          .push_back(value);
  }
  for (const auto& [number, places] : series) {
    Series one{.name = names.names[number]};
    one.marks = source.trials() ? Marks::points : Marks::line_and_points;
    for (const auto& [place, runs] : places)
      add_point(one, averaged(place.first, runs),
                place.second.empty() && runs.size() > 1
                    ? fmt::format("mean of {} runs", runs.size())
                    : place.second);
    figure.series.push_back(std::move(one));
  }
  figure.y.label = metric;
  figure.notes.push_back(
      source.trials()
          ? "each point a trial, mean over its splits and seeds; whiskers: ± one standard deviation"
          : "mean over splits and seeds; whiskers: ± one standard deviation");
  return figure;
}

/// The pictures of one parameter and one metric.
class ParameterFigures {
 public:
  ParameterFigures(const FigureSource& source, std::string pointer,
                   const std::vector<const Varied*>& methods)
      : source_(source), pointer_(std::move(pointer)), methods_(methods) {}

  void add_to(std::vector<Figure>& figures) const {
    const Table& table = source_.table();
    std::vector<std::vector<Shown>> by_dataset(table.datasets.size());
    Names series;
    for (const Varied* method : methods_)
      add_runs(*method, [&](std::size_t dataset, Shown shown, const std::string& others) {
        shown.series = joined(method->base, others);
        series.add(shown.series);
        by_dataset[dataset].push_back(std::move(shown));
      });
    if (methods_.size() > 1 && series.names.size() <= kMostSeries) {
      for (std::size_t dataset = 0; dataset < by_dataset.size(); ++dataset)
        add_figures(figures, table.datasets[dataset], by_dataset[dataset]);
      return;
    }
    for (const Varied* method : methods_) {
      std::vector<Shown> all;
      add_runs(*method, [&](std::size_t dataset, Shown shown, const std::string& others) {
        shown.series = joined(table.datasets[dataset], others);
        all.push_back(std::move(shown));
      });
      add_figures(figures, method->base, all);
    }
  }

 private:
  static std::string joined(const std::string& name, const std::string& others) {
    return others.empty() ? name : name + ", " + others;
  }

  template <typename Add>
  void add_runs(const Varied& method, const Add& add) const {
    const std::vector<std::string> others =
        source_.trials() ? std::vector<std::string>() : method.others(pointer_);
    for (std::size_t i = 0; i < method.runs.size(); ++i) {
      const auto found = method.values[i].find(pointer_);
      if (found == method.values[i].end()) continue;
      std::string all = values_text(method.values[i], method.pointers);
      // Where some trials are given more than others, each of these is a point.
      if (const std::string& resource = source_.details(method.runs[i]).resource; !resource.empty())
        all += fmt::format(", cut short at {}", resource);
      add(source_.runs()[method.runs[i]].dataset,
          Shown{method.runs[i], "", found->second, std::move(all)},
          values_text(method.values[i], others));
    }
  }

  void add_figures(std::vector<Figure>& figures, const std::string& of,
                   const std::vector<Shown>& shown) const {
    for (const std::string& metric : source_.table().metrics) {
      Figure figure = figure_of(source_, pointer_, shown, metric);
      if (figure.series.empty()) continue;
      figure.name = fmt::format("parameters-{}-{}-{}", of, figure.x.label, metric);
      figure.title = fmt::format("{} by {}: {}", metric, figure.x.label, of);
      figures.push_back(std::move(figure));
    }
  }

  const FigureSource& source_;
  const std::string pointer_;
  const std::vector<const Varied*>& methods_;
};

}  // namespace

std::vector<Figure> parameter_figures(const FigureSource& source) {
  const std::vector<Varied> all = varied_of(source);
  Names pointers;
  std::vector<std::vector<const Varied*>> methods;
  for (const Varied& varied : all)
    for (const std::string& pointer : varied.pointers) {
      const std::size_t number = pointers.add(pointer);
      methods.resize(pointers.names.size());
      methods[number].push_back(&varied);
    }
  std::vector<Figure> figures;
  for (std::size_t i = 0; i < methods.size(); ++i)
    ParameterFigures(source, pointers.names[i], methods[i]).add_to(figures);
  return figures;
}

}  // namespace metriclab
