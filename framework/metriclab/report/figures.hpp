// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <metriclab/report/cd_diagram.hpp>
#include <metriclab/report/coordinate.hpp>
#include <metriclab/report/figure.hpp>
#include <metriclab/report/results.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace metriclab {

/// What can be drawn of results.
enum class FigureKind {
  learning_curves,     // training loss, validation, a solver's objective over epochs, iterations
  parameters,          // a metric against what a grid or a search varies
  pareto,              // a metric against the seconds of fit
  roc,                 // true against false positive rate
  det,                 // false negative against false positive rate, normal deviates
  curves,              // what else evaluators draw: CMC, spectra, identification
  dots,                // each run's value, and the mean
  critical_difference  // mean ranks over data sets and what Nemenyi's test tells apart
};
std::vector<std::string> figure_kind_names();
/// Throws Error listing the names when there is none such.
FigureKind figure_kind_from_string(std::string_view name);

struct FigureOptions {
  std::vector<FigureKind> kinds = {};     // all that there are when empty
  std::vector<std::string> metrics = {};  // as tables take them
  std::vector<Condition> where = {};
  bool trials = false;  // of searches, in the place of what is compared
};

/// One picture, of a name that suits a file.
struct Picture {
  FigureKind kind = FigureKind::learning_curves;
  std::variant<Figure, CdDiagram> drawing = {};
  std::string name, title;
};

std::string svg_of(const Picture& picture, SvgUse use = SvgUse::file);

/// The pictures that these results have, kind by kind in the order of FigureKind, then in the order
/// of data sets; names are unique.
///
/// Throws Error when a metric or condition fits nothing, and when nothing of a kind that was asked
/// for can be drawn: it says which kinds these results have.
std::vector<Picture> make_figures(const std::vector<std::filesystem::path>& folders,
                                  const FigureOptions& options);

}  // namespace metriclab
