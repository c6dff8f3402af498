// SPDX-License-Identifier: BSD-3-Clause
#pragma once

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
  learning_curves,  // training loss, validation, a solver's objective over epochs, iterations
  parameters,       // a metric against what a grid or a search varies
  pareto,           // a metric against the seconds of fit, and which methods nobody beats in both
  roc,              // true against false positive rate
  det,              // false negative against false positive rate, on normal deviates
  curves,           // what else evaluators draw: CMC, spectra, identification
  dots,             // the value of each run, and the mean
  critical_difference  // mean ranks over data sets, and what Nemenyi's test doesn't tell apart
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

/// How results must be read for these figures.
ReadOptions reading(const FigureOptions& options);

/// One picture.
struct Picture {
  FigureKind kind = FigureKind::learning_curves;
  std::string name;  // of this picture alone, fit for a file: "learning_curves-wine-loss"
  std::string title;
  std::variant<Figure, CdDiagram> drawing = {};
  std::vector<std::string> notes = {};  // what a reader must know and the drawing doesn't say
};

std::string svg_of(const Picture& picture, SvgUse use = SvgUse::file);

/// The pictures that results have, kind by kind in the order of FigureKind, then in that of metrics
/// and data sets. A method has one colour in all of them. Only runs that are done take part.
///
/// - Learning curves, a picture for each data set and curve: the mean over splits and seeds, and a
///   band of one standard deviation (n − 1) to either side. Where runs end at different times, the
///   mean goes on while half of them do. Learning rates are left out. Objectives of several methods
///   are of different units, so that of each is drawn how far it still is from its end:
///   |f_t − f_end| / |f_0 − f_end|.
/// - Parameters: of values that a grid varies, mean ± deviation for each value; of those that
///   trials of a search drew, each trial a point. Methods that vary the same parameter stand in one
///   picture of each data set, if they are not too many; otherwise a picture for each method with
///   the data sets in it. A second parameter makes one series for each of its values. Numbers that
///   are spread evenly over decades are on a logarithmic axis; what is no number is a category.
/// - Pareto: a point a method, means over runs; over several data sets also the mean rank against
///   the geometric mean of the seconds. The front is made of the methods that no other one beats or
///   equals in both and beats in one.
/// - ROC and DET: means over runs at equal false positive rates, linearly between the points of
///   each. Fawcett. An introduction to ROC analysis. Pattern Recognition Letters 2006, algorithm 3.
///   A DET curve that an evaluator doesn't give is taken from its ROC curve.
/// - Dots: a picture for each metric and data set, in a method's row its runs, the splits one below
///   the other.
/// - Critical difference: by the methods and data sets that `choose_scores` takes, α = 0.05.
///
/// `results` must have been read with `reading(options)`; their files are read again for curves.
/// Throws Error when a metric or condition fits nothing, when a file can't be read, and when
/// nothing of a kind that was asked for can be drawn: it says what these results have.
std::vector<Picture> make_figures(const Results& results, const FigureOptions& options);

}  // namespace metriclab
