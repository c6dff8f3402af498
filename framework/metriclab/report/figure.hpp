// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/report/svg.hpp>
#include <optional>
#include <string>
#include <vector>

namespace metriclab {

enum class Scale {
  linear,
  logarithmic,
  /// Φ⁻¹ of a probability: errors of normally distributed scores are straight lines. Martin,
  /// Doddington, Kamm, Ordowski, Przybocki. The DET curve in assessment of detection task
  /// performance. Eurospeech 1997.
  normal_deviate,
  categories
};

struct FigureAxis {
  std::string label;
  Scale scale = Scale::linear;
  std::vector<std::string> categories = {};   // of that scale: value i is the i-th of them, from 0
  std::optional<double> low = {}, high = {};  // otherwise what the series take, and a little more
};

enum class Marks {
  line,
  points,
  line_and_points,
  steps,  // a line that goes to the next x first, then to its y
  bars    // a short stroke at each point, across the axis that has categories
};

/// One line, or one colour of points.
struct Series {
  std::string name;
  std::vector<double> x = {}, y = {};  // in pairs; a NaN, or what a scale can't have, is a gap
  /// Of y for each x, or empty: a band around a line, whiskers of points. NaN: none there.
  std::vector<double> low = {}, high = {};
  Marks marks = Marks::line;
  std::vector<std::string> labels = {};  // of the points, or empty: for readers who hover
  /// Chooses colour and dashes, so that one thing looks the same in several figures; otherwise the
  /// series' place.
  std::optional<std::size_t> style = {};
  bool reference = false;  // nothing that was measured, such as chance: a thin grey line
  bool in_legend = true;
};

/// A picture of series over two axes.
struct Figure {
  std::string name;   // for a file: "learning_curves-wine-loss"
  std::string title;  // one line above it
  FigureAxis x = {}, y = {};
  std::vector<Series> series = {};
  std::vector<std::string> notes = {};  // what a reader must know: lines below
  bool label_series = false;  // names stand at the series' first point; in a legend where one can't
  double width = 640, height = 400;  // CSS pixels; the height grows by a legend or rows below
};

/// Of more lines than this the bands, one upon another, couldn't be told apart: none is drawn.
constexpr std::size_t kMostBands = 5;

/// The figure as SVG, without script, font or other file.
///
/// - Ticks at 1, 2 and 5 times powers of ten, at decades of a logarithmic scale (and 2 and 5 where
///   there are few), at the usual error rates of a scale of normal deviates.
/// - The legend stands at the right, where it is small enough, else below; never on the curves.
///   Long names are cut, with the whole in `<title>`.
/// - Ten colours that differ for colour-blind readers too, by number of the style; after them the
///   same dashed, dotted and so on.
/// - Each series is a `<g class="series-N" data-series="NAME">`, N the number of its colour from 1,
///   and so is its entry of the legend. Points have a `<title>` with series, x, y, band and label.
/// - Nothing lies outside the viewBox, and no two labels overlap. A figure without a point that can
///   be drawn says so in its middle.
///
/// The same figure gives the same text. O(points).
std::string svg_of(const Figure& figure, SvgUse use = SvgUse::file);

}  // namespace metriclab
