// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <metriclab/plugin/error.hpp>
#include <metriclab/report/comparison_text.hpp>
#include <metriclab/report/figure_source.hpp>
#include <metriclab/report/figures.hpp>
#include <metriclab/report/phrases.hpp>
#include <metriclab/report/scores.hpp>
#include <unordered_set>

namespace metriclab {
namespace {

constexpr std::array<std::string_view, 8> kKindNames = {
    "learning_curves",    "parameters", "pareto", "roc", "det", "curves", "dots",
    "critical_difference"};
constexpr double kAlpha = 0.05;
// File systems take names of 255 bytes.
constexpr std::size_t kLongestName = 150;

/// What all file systems and shells take, the rest as "_".
std::string file_name_of(const std::string& text) {
  std::string name;
  for (char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-' || c == '_';
    if (plain || name.empty() || name.back() != '_') name += plain ? c : '_';
  }
  return name.substr(0, kLongestName);
}

std::vector<std::string> asides_of(const Scores& scores) {
  std::vector<std::string> notes;
  for (const LeftAside& each : scores.methods_aside)
    notes.push_back(
        fmt::format("{}: method {} is left aside ({})", scores.metric, each.name, each.reason));
  for (const LeftAside& each : scores.datasets_aside)
    notes.push_back(
        fmt::format("{}: data set {} is left aside ({})", scores.metric, each.name, each.reason));
  return notes;
}

std::vector<Picture> cd_diagrams(const FigureSource& source) {
  std::vector<Picture> pictures;
  const Table& table = source.table();
  if (table.datasets.size() < 2 || table.methods.size() < 2) return pictures;
  for (std::size_t metric = 0; metric < table.metrics.size(); ++metric) {
    if (table.better[metric] == Better::neither) continue;
    Scores scores;
    try {
      scores = choose_scores(source.results(), table.metrics[metric], {}, "");
    } catch (const Error&) {
      continue;  // too few runs are there
    }
    if (scores.datasets.size() < 2) continue;
    Picture picture;
    picture.kind = FigureKind::critical_difference;
    picture.name = "critical_difference-" + scores.metric;
    picture.notes = asides_of(scores);
    picture.drawing = cd_diagram_of(scores, kAlpha);
    picture.title = std::get<CdDiagram>(picture.drawing).title;
    pictures.push_back(std::move(picture));
  }
  return pictures;
}

std::vector<Picture> pictures_of(const FigureSource& source, FigureKind kind) {
  using Make = std::vector<Figure> (*)(const FigureSource&);
  constexpr std::array<Make, 7> kMakers = {learning_curves, parameter_figures, pareto_figures,
                                           roc_curves,      det_curves,        evaluators_curves,
                                           dot_figures};
  if (kind == FigureKind::critical_difference) return cd_diagrams(source);
  std::vector<Picture> pictures;
  for (Figure& figure : kMakers[static_cast<std::size_t>(kind)](source)) {
    Picture picture{kind, figure.name, figure.title, {}, {}};
    picture.drawing = std::move(figure);
    pictures.push_back(std::move(picture));
  }
  return pictures;
}

std::string quoted(FigureKind kind) {
  return fmt::format("\"{}\"", kKindNames[static_cast<std::size_t>(kind)]);
}

}  // namespace

std::vector<std::string> figure_kind_names() { return {kKindNames.begin(), kKindNames.end()}; }

FigureKind figure_kind_from_string(std::string_view name) {
  const auto found = std::find(kKindNames.begin(), kKindNames.end(), name);
  if (found == kKindNames.end())
    throw Error(
        fmt::format("there is no figure \"{}\"{}", name, suggestion(name, figure_kind_names())));
  return static_cast<FigureKind>(found - kKindNames.begin());
}

ReadOptions reading(const FigureOptions& options) {
  ReadOptions reads = reading({}, options.where);
  reads.trials = options.trials;
  return reads;
}

std::string svg_of(const Picture& picture, SvgUse use) {
  return std::visit([&](const auto& drawing) { return svg_of(drawing, use); }, picture.drawing);
}

std::vector<Picture> make_figures(const Results& results, const FigureOptions& options) {
  const FigureSource source(results, options);
  std::vector<Picture> pictures;
  std::vector<std::string> lacking;
  for (std::size_t i = 0; i < kKindNames.size(); ++i) {
    const auto kind = static_cast<FigureKind>(i);
    const bool asked =
        options.kinds.empty() ||
        std::find(options.kinds.begin(), options.kinds.end(), kind) != options.kinds.end();
    if (!asked) continue;
    std::vector<Picture> some = pictures_of(source, kind);
    if (some.empty()) lacking.push_back(quoted(kind));
    std::move(some.begin(), some.end(), std::back_inserter(pictures));
  }
  if (lacking.empty() || (options.kinds.empty() && !pictures.empty())) {
    std::unordered_set<std::string> names;
    for (Picture& picture : pictures) {
      const std::string name = file_name_of(picture.name);
      picture.name = name;
      for (int i = 2; !names.insert(picture.name).second; ++i)
        picture.name = fmt::format("{}-{}", name, i);
    }
    return pictures;
  }
  std::vector<std::string> there;
  for (std::size_t i = 0; i < kKindNames.size(); ++i)
    if (!pictures_of(source, static_cast<FigureKind>(i)).empty())
      there.push_back(quoted(static_cast<FigureKind>(i)));
  const std::string what = options.kinds.empty() ? "figure" : listed(lacking);
  throw Error(there.empty() ? fmt::format("there is no {} of these results, nor any other: no run "
                                          "that is done has a metric or a curve",
                                          what)
                            : fmt::format("there is no {} of these results; there is {}", what,
                                          listed(there)));
}

}  // namespace metriclab
