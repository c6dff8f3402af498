// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <metriclab/report/figure_source.hpp>
#include <metriclab/report/moments.hpp>
#include <metriclab/report/names.hpp>

namespace metriclab {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr int kRocPoints = 200;  // of the common grid, as many as most curves have steps
constexpr int kDetPoints = 120;
// The rates of a DET curve's axes: below a thousandth few trials are left, above 0.6 nobody works.
constexpr double kDetLow = 1e-3, kDetHigh = 0.6;
// From here on an axis of positive values is logarithmic.
constexpr double kDecadesApart = 100;

enum class CurveKind { learning, roc, det, other, none };

CurveKind kind_of(const RecordedCurve& curve) {
  if (curve.name == "learning_rate") return CurveKind::none;
  if (curve.unit == "epoch" || curve.unit == "step" || curve.unit == "iteration")
    return CurveKind::learning;
  if (curve.name == "roc" || curve.name.ends_with(".roc")) return CurveKind::roc;
  if (curve.name == "det" || curve.name.ends_with(".det")) return CurveKind::det;
  return CurveKind::other;
}

/// The curves of one data set that are called the same, by method and run.
struct Bundle {
  std::size_t dataset = 0;
  std::string name, unit;
  std::map<std::size_t, std::vector<const RecordedCurve*>> methods;

  std::size_t n_methods() const { return methods.size(); }
};

/// In the order of data sets, then that in which runs have them.
std::vector<Bundle> bundles_of(const FigureSource& source, CurveKind kind) {
  std::vector<Bundle> bundles;
  std::map<std::tuple<std::size_t, std::string, std::string>, std::size_t> places;
  for (std::size_t i = 0; i < source.runs().size(); ++i) {
    const FigureSource::Run& run = source.runs()[i];
    for (const RecordedCurve& curve : source.details(i).curves) {
      if (kind_of(curve) != kind || curve.at.empty()) continue;
      const auto [place, fresh] =
          places.emplace(std::tuple(run.dataset, curve.name, curve.unit), bundles.size());
      if (fresh) bundles.push_back({run.dataset, curve.name, curve.unit, {}});
      bundles[place->second].methods[run.method].push_back(&curve);
    }
  }
  std::stable_sort(bundles.begin(), bundles.end(),
                   [](const Bundle& a, const Bundle& b) { return a.dataset < b.dataset; });
  return bundles;
}

Figure figure_of(const FigureSource& source, const Bundle& bundle, const std::string& kind,
                 const std::string& what) {
  const std::string& dataset = source.table().datasets[bundle.dataset];
  Figure figure;
  figure.name = fmt::format("{}-{}-{}", kind, dataset, bundle.name);
  figure.title = fmt::format("{} on {}", what, dataset);
  figure.x.label = bundle.unit;
  return figure;
}

Series series_of(const FigureSource& source, std::size_t method) {
  Series series;
  series.name = source.table().methods[method];
  series.style = method;
  return series;
}

/// What the lines are, and the bands where there are any.
void say_what(Figure& figure, const FigureSource& source, std::size_t dataset) {
  std::string text = mean_over(source, dataset);
  const auto lines = std::count_if(
      figure.series.begin(), figure.series.end(),
      [](const Series& series) { return !series.reference && series.marks == Marks::line; });
  const bool bands = lines > 0 && static_cast<std::size_t>(lines) <= kMostBands;
  if (text != "one run" && bands) text += "; the bands: ± one standard deviation of runs";
  if (text != "one run" && lines == 0) text += "; whiskers: ± one standard deviation of runs";
  figure.notes.push_back(std::move(text));
}

/// "verification" of "verification.roc".
std::string without_last(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string::npos ? name : name.substr(0, dot);
}

/// The values of runs at each place where one of them has a value.
std::map<double, std::vector<double>> by_place(const std::vector<const RecordedCurve*>& curves,
                                               const std::vector<double>& divided_by,
                                               const std::vector<double>& from) {
  std::map<double, std::vector<double>> places;
  for (std::size_t i = 0; i < curves.size(); ++i)
    for (std::size_t j = 0; j < curves[i]->at.size(); ++j)
      if (std::isfinite(curves[i]->values[j]) && std::isfinite(curves[i]->at[j]))
        places[curves[i]->at[j]].push_back(
            divided_by.empty() ? curves[i]->values[j]
                               : std::abs(curves[i]->values[j] - from[i]) / divided_by[i]);
  return places;
}

/// The mean of runs wherever half of them have a value; false where that leaves any out.
bool add_mean(Series& series, const std::map<double, std::vector<double>>& places,
              std::size_t n_runs) {
  bool all = true;
  for (const auto& [at, values] : places) {
    all &= values.size() == n_runs;
    if (2 * values.size() >= n_runs) add_point(series, averaged(at, values));
  }
  return all;
}

/// Logarithmic where values are positive and far apart.
Scale scale_for(const Figure& figure) {
  double least = std::numeric_limits<double>::infinity(), greatest = 0;
  for (const Series& series : figure.series)
    for (double y : series.y) {
      if (!std::isfinite(y)) continue;
      if (y <= 0) return Scale::linear;
      least = std::min(least, y);
      greatest = std::max(greatest, y);
    }
  return greatest >= kDecadesApart * least ? Scale::logarithmic : Scale::linear;
}

/// How far objectives are from their end, for methods whose objectives have nothing in common.
void draw_remaining(Figure& figure, const FigureSource& source, const Bundle& bundle, bool& all) {
  for (const auto& [method, curves] : bundle.methods) {
    std::vector<const RecordedCurve*> moving;
    std::vector<double> way, end;
    for (const RecordedCurve* curve : curves) {
      const double first = curve->values.front(), last = curve->values.back();
      if (!(std::abs(first - last) > 0) || !std::isfinite(first - last)) continue;
      moving.push_back(curve);
      way.push_back(std::abs(first - last));
      end.push_back(last);
    }
    if (moving.empty()) continue;
    Series series = series_of(source, method);
    all &= add_mean(series, by_place(moving, way, end), moving.size());
    figure.series.push_back(std::move(series));
  }
  figure.y = {.label = "|f − f_end| / |f_0 − f_end|", .scale = Scale::logarithmic, .low = 1e-6};
  figure.notes.push_back(
      "f: the objective of a run, f_0 at its beginning, f_end at its end, which is left out");
}

std::string told(const std::string& name) { return name == "loss" ? "training loss" : name; }

std::string capitalised(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z' && text.find('.') == std::string::npos)
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

/// Vertical averages of a bundle's curves on a grid of rates, 1 − the value where `complement`.
std::vector<Series> vertical_averages(const FigureSource& source, const Bundle& bundle,
                                      const std::vector<double>& grid, bool complement) {
  std::vector<Series> all;
  for (const auto& [method, curves] : bundle.methods) {
    Series series = series_of(source, method);
    for (double rate : grid) {
      std::vector<double> values;
      for (const RecordedCurve* curve : curves) {
        const double value = value_at(*curve, rate);
        if (std::isfinite(value)) values.push_back(complement ? 1 - value : value);
      }
      if (2 * values.size() >= curves.size() && !values.empty())
        add_point(series, averaged(rate, values));
    }
    all.push_back(std::move(series));
  }
  return all;
}

/// Where no answer is better than another.
Series chance(const std::vector<double>& x, bool falling) {
  Series series{.name = "chance", .x = x, .y = x};
  if (falling)
    for (double& y : series.y) y = 1 - y;
  series.reference = true;
  return series;
}

Figure det_figure(const FigureSource& source, const Bundle& bundle, bool from_roc) {
  Figure figure = figure_of(source, bundle, "det", "DET curve of " + without_last(bundle.name));
  // Below the least rate that any run can have there is nothing to say.
  double least = kDetHigh;
  for (const auto& [method, curves] : bundle.methods)
    for (const RecordedCurve* curve : curves)
      for (double rate : curve->at)
        if (rate > 0) least = std::min(least, rate);
  least = std::clamp(least, kDetLow, 0.1);
  const boost::math::normal_distribution<double> normal;
  const double first = quantile(normal, least), last = quantile(normal, kDetHigh);
  std::vector<double> grid;
  for (int i = 0; i <= kDetPoints; ++i)
    grid.push_back(cdf(normal, first + (last - first) * i / kDetPoints));
  figure.series = vertical_averages(source, bundle, grid, from_roc);
  figure.series.push_back(chance(grid, true));
  double lowest = 0.1;
  for (const Series& series : figure.series)
    for (double y : series.y)
      if (y > 0) lowest = std::min(lowest, y);
  figure.x = {bundle.unit, Scale::normal_deviate, {}, least, kDetHigh};
  figure.y = {from_roc || bundle.unit == "false positive rate" ? "false negative rate"
                                                               : "false reject rate",
              Scale::normal_deviate,
              {},
              std::max(kDetLow, lowest),
              kDetHigh};
  say_what(figure, source, bundle.dataset);
  return figure;
}

}  // namespace

double value_at(const RecordedCurve& curve, double rate) {
  const auto after = std::upper_bound(curve.at.begin(), curve.at.end(), rate);
  if (after == curve.at.begin()) return kNan;
  const auto right = static_cast<std::size_t>(after - curve.at.begin()), left = right - 1;
  if (curve.at[left] == rate || right == curve.at.size()) return curve.values[left];
  const double share = (rate - curve.at[left]) / (curve.at[right] - curve.at[left]);
  return curve.values[left] + share * (curve.values[right] - curve.values[left]);
}

std::vector<Figure> learning_curves(const FigureSource& source) {
  std::vector<Figure> figures;
  for (const Bundle& bundle : bundles_of(source, CurveKind::learning)) {
    Figure figure = figure_of(source, bundle, "learning_curves", capitalised(told(bundle.name)));
    bool all = true;
    if (bundle.name == "objective" && bundle.n_methods() > 1) {
      draw_remaining(figure, source, bundle, all);
    } else {
      for (const auto& [method, curves] : bundle.methods) {
        Series series = series_of(source, method);
        all &= add_mean(series, by_place(curves, {}, {}), curves.size());
        figure.series.push_back(std::move(series));
      }
      figure.y = {.label = told(bundle.name), .scale = scale_for(figure)};
    }
    say_what(figure, source, bundle.dataset);
    if (!all)
      figure.notes.push_back(
          "runs end at different times; each point is the mean of those that go on, while at least "
          "half of them do");
    figures.push_back(std::move(figure));
  }
  return figures;
}

std::vector<Figure> roc_curves(const FigureSource& source) {
  std::vector<double> grid;
  for (int i = 0; i <= kRocPoints; ++i) grid.push_back(static_cast<double>(i) / kRocPoints);
  std::vector<Figure> figures;
  for (const Bundle& bundle : bundles_of(source, CurveKind::roc)) {
    Figure figure = figure_of(source, bundle, "roc", "ROC curve of " + without_last(bundle.name));
    figure.series = vertical_averages(source, bundle, grid, false);
    for (Series& series : figure.series) {
      // At the rate 0 the mean is where the curves leave the axis; they begin at the origin.
      series.x.insert(series.x.begin(), 0.0);
      series.y.insert(series.y.begin(), 0.0);
      series.low.insert(series.low.begin(), 0.0);
      series.high.insert(series.high.begin(), 0.0);
      series.labels.insert(series.labels.begin(), "");
    }
    figure.series.push_back(chance({0, 1}, false));
    figure.x.low = figure.y.low = 0;
    figure.x.high = figure.y.high = 1;
    figure.y.label = bundle.unit == "false accept rate" ? "true accept rate" : "true positive rate";
    say_what(figure, source, bundle.dataset);
    figures.push_back(std::move(figure));
  }
  return figures;
}

std::vector<Figure> det_curves(const FigureSource& source) {
  const std::vector<Bundle> given = bundles_of(source, CurveKind::det);
  std::vector<Figure> figures;
  for (const Bundle& bundle : given) figures.push_back(det_figure(source, bundle, false));
  for (const Bundle& bundle : bundles_of(source, CurveKind::roc)) {
    const std::string evaluator = bundle.name.substr(0, bundle.name.size() - 3);
    if (std::none_of(given.begin(), given.end(), [&](const Bundle& det) {
          return det.dataset == bundle.dataset && det.name == evaluator + "det";
        }))
      figures.push_back(det_figure(source, bundle, true));
  }
  return figures;
}

std::vector<Figure> evaluators_curves(const FigureSource& source) {
  std::vector<Figure> figures;
  for (const Bundle& bundle : bundles_of(source, CurveKind::other)) {
    Figure figure = figure_of(source, bundle, "curves", bundle.name);
    bool all = true;
    for (const auto& [method, curves] : bundle.methods) {
      Series series = series_of(source, method);
      // Classes are in no order that a line could tell of.
      if (bundle.unit == "class") series.marks = Marks::points;
      all &= add_mean(series, by_place(curves, {}, {}), curves.size());
      figure.series.push_back(std::move(series));
    }
    figure.y = {.label = bundle.name, .scale = scale_for(figure)};
    say_what(figure, source, bundle.dataset);
    if (!all)
      figure.notes.push_back(
          fmt::format("each point is the mean of the runs that have this {}, at least half of them",
                      bundle.unit));
    figures.push_back(std::move(figure));
  }
  return figures;
}

}  // namespace metriclab
