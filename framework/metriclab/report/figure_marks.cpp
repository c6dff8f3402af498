// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <metriclab/report/figure_marks.hpp>
#include <metriclab/report/figure_scale.hpp>

namespace metriclab {
namespace {

constexpr double kLineWidth = 1.7, kReferenceWidth = 1, kRadius = 3.2, kHoverRadius = 5;
constexpr double kCap = 3;  // half the bar at the end of a whisker
// More points than this would make a page slow that has many figures.
constexpr std::size_t kMostHover = 2000;

constexpr std::array<const char*, 6> kDashes = {"", "7 3", "2 2", "8 3 2 3", "12 4", "4 2 1 2 1 2"};

/// How a series looks.
struct Style {
  std::size_t colour = 0;
  std::string stroke, dashes;
  std::size_t shape = 0;
};

Style style_of(const SvgDrawing& drawing, const Figure& figure, std::size_t number) {
  const Series& series = figure.series[number];
  if (series.reference) return {kSeriesColours, drawing.ink(), "4 3", 0};
  const std::size_t style = series.style.value_or(number);
  return {style % kSeriesColours, drawing.series(style),
          kDashes[style / kSeriesColours % kDashes.size()], style % 4};
}

/// The beginning of a series' group.
std::string group_of(const Style& style, const Series& series) {
  const std::string name = svg_escaped(series.name);
  return style.colour == kSeriesColours
             ? fmt::format("<g class=\"reference\" data-series=\"{}\" opacity=\"0.55\">", name)
             : fmt::format("<g class=\"series-{}\" data-series=\"{}\">", style.colour + 1, name);
}

std::string dash_attribute(const Style& style) {
  return style.dashes.empty() ? "" : fmt::format(" stroke-dasharray=\"{}\"", style.dashes);
}

/// A point as a circle, a square, a diamond or a triangle, of about the same area.
std::string shape(std::size_t kind, const Point& at, double r) {
  const auto [x, y] = at;
  switch (kind) {
    case 0:
      return fmt::format("circle cx=\"{:.2f}\" cy=\"{:.2f}\" r=\"{}\"", x, y, r);
    case 1:
      return fmt::format("rect x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.1f}\" height=\"{:.1f}\"",
                         x - 0.88 * r, y - 0.88 * r, 1.76 * r, 1.76 * r);
    case 2:
      return fmt::format(
          "path d=\"M{0:.2f} {1:.2f}l{2:.2f} {2:.2f}l-{2:.2f} {2:.2f}l-{2:.2f} -{2:.2f}z\"", x,
          y - 1.25 * r, 1.25 * r);
    default:
      return fmt::format("path d=\"M{:.2f} {:.2f}l{:.2f} {:.2f}h-{:.2f}z\"", x, y - 1.3 * r,
                         1.25 * r, 2.2 * r, 2.5 * r);
  }
}

/// One figure's marks.
class Marker {
 public:
  Marker(SvgDrawing& drawing, const Figure& figure, const Frame& frame, const Place& place,
         bool hover)
      : drawing_(drawing), figure_(figure), frame_(frame), place_(place), hover_(hover) {
    std::size_t points = 0;
    for (const Series& series : figure.series)
      if (has_line(series)) points += series.x.size();
    hover_ = hover_ && points <= kMostHover;
    bands_ = static_cast<std::size_t>(std::count_if(
                 figure.series.begin(), figure.series.end(), [](const Series& series) {
                   return series.marks == Marks::line && !series.low.empty();
                 })) <= kMostBands;
  }

  void draw(std::size_t number) {
    const Series& series = figure_.series[number];
    const Style style = style_of(drawing_, figure_, number);
    drawing_.add(group_of(style, series));
    if (has_line(series)) {
      if (bands_ && !series.low.empty() && series.marks == Marks::line) band(series, style);
      line(series, style);
    }
    if (!series.low.empty() && series.marks != Marks::line) whiskers(series, style);
    for (std::size_t i = 0; i < series.x.size(); ++i) point(series, style, i);
    drawing_.add("</g>");
  }

 private:
  static bool has_line(const Series& series) {
    return series.marks == Marks::line || series.marks == Marks::line_and_points ||
           series.marks == Marks::steps;
  }
  bool drawn(const Series& series, std::size_t i) const {
    return FigureScale::has(figure_.x.scale, series.x[i]) &&
           FigureScale::has(figure_.y.scale, series.y[i]);
  }
  bool has_band(const Series& series, std::size_t i) const {
    return drawn(series, i) && std::isfinite(series.low[i]) && std::isfinite(series.high[i]);
  }
  /// The end of a band or whisker, on the frame's edge where the scale has no such value, such as
  /// 0 of logarithms.
  Point end_of(const Series& series, std::size_t i, double y) const {
    if (FigureScale::has(figure_.y.scale, y)) return place_(series.x[i], y);
    return {place_(series.x[i], series.y[i]).x, y <= 0 ? frame_.bottom : frame_.top};
  }
  Point within(Point point) const {
    return {std::clamp(point.x, frame_.left, frame_.right),
            std::clamp(point.y, frame_.top, frame_.bottom)};
  }

  void line(const Series& series, const Style& style);
  void band(const Series& series, const Style& style);
  void whiskers(const Series& series, const Style& style);
  void point(const Series& series, const Style& style, std::size_t i);
  std::string told(const Series& series, std::size_t i) const;
  std::string value_text(const FigureAxis& axis, double value) const;

  SvgDrawing& drawing_;
  const Figure& figure_;
  const Frame& frame_;
  const Place& place_;
  bool hover_, bands_ = true;
};

void Marker::line(const Series& series, const Style& style) {
  std::string path;
  Point end;  // of what is drawn
  const auto segment = [&](Point from, Point to) {
    if (!clip(frame_, from, to)) return;
    if (path.empty() || std::abs(from.x - end.x) > 1e-6 || std::abs(from.y - end.y) > 1e-6)
      path += fmt::format("M{:.2f} {:.2f}", from.x, from.y);
    path += fmt::format("L{:.2f} {:.2f}", to.x, to.y);
    end = to;
  };
  for (std::size_t i = 0; i + 1 < series.x.size(); ++i) {
    if (!drawn(series, i) || !drawn(series, i + 1)) continue;
    const Point from = place_(series.x[i], series.y[i]);
    const Point to = place_(series.x[i + 1], series.y[i + 1]);
    if (series.marks == Marks::steps) {
      segment(from, {to.x, from.y});
      segment({to.x, from.y}, to);
    } else {
      segment(from, to);
    }
  }
  // A point between two gaps would not be seen.
  if (series.marks == Marks::line)
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      const bool alone = drawn(series, i) && (i == 0 || !drawn(series, i - 1)) &&
                         (i + 1 == series.x.size() || !drawn(series, i + 1));
      const Point at = alone ? place_(series.x[i], series.y[i]) : Point();
      if (alone && frame_.holds(at))
        drawing_.add(
            fmt::format("<{} fill=\"{}\"/>", shape(style.shape, at, 0.8 * kRadius), style.stroke));
    }
  if (path.empty()) return;
  drawing_.add(
      fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" "
                  "stroke-linejoin=\"round\"{}><title>{}</title></path>",
                  path, style.stroke, series.reference ? kReferenceWidth : kLineWidth,
                  dash_attribute(style), svg_escaped(series.name)));
}

void Marker::band(const Series& series, const Style& style) {
  for (std::size_t first = 0; first < series.x.size(); ++first) {
    std::size_t end = first;
    while (end < series.x.size() && has_band(series, end)) ++end;
    if (end - first >= 2) {
      std::string points;
      const auto add = [&](std::size_t i, double y) {
        const Point at = within(end_of(series, i, y));
        points += fmt::format("{}{:.2f},{:.2f}", points.empty() ? "" : " ", at.x, at.y);
      };
      for (std::size_t i = first; i < end; ++i) add(i, series.high[i]);
      for (std::size_t i = end; i-- > first;) add(i, series.low[i]);
      drawing_.add(fmt::format("<polygon points=\"{}\" fill=\"{}\" fill-opacity=\"0.15\"/>", points,
                               style.stroke));
    }
    first = std::max(first, end);
  }
}

void Marker::whiskers(const Series& series, const Style& style) {
  std::string path;
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    if (!has_band(series, i)) continue;
    Point low = end_of(series, i, series.low[i]), high = end_of(series, i, series.high[i]);
    if (!clip(frame_, low, high)) continue;
    path += fmt::format("M{:.2f} {:.2f}V{:.2f}M{:.2f} {:.2f}h{}M{:.2f} {:.2f}h{}", low.x, low.y,
                        high.y, low.x - kCap, low.y, 2 * kCap, low.x - kCap, high.y, 2 * kCap);
  }
  if (!path.empty())
    drawing_.add(fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" opacity=\"0.7\"/>", path,
                             style.stroke));
}

std::string Marker::value_text(const FigureAxis& axis, double value) const {
  if (axis.scale != Scale::categories) return short_number(value);
  const double number = std::round(value);
  return number >= 0 && number < static_cast<double>(axis.categories.size())
             ? axis.categories[static_cast<std::size_t>(number)]
             : short_number(value);
}

/// What a reader who hovers is told of a point.
std::string Marker::told(const Series& series, std::size_t i) const {
  const auto line = [](const std::string& label, const std::string& value) {
    return label.empty() ? value : label + ": " + value;
  };
  std::string text = series.name;
  if (i < series.labels.size() && !series.labels[i].empty())
    text += (text.empty() ? "" : "\n") + series.labels[i];
  text += "\n" + line(figure_.x.label, value_text(figure_.x, series.x[i]));
  text += "\n" + line(figure_.y.label, value_text(figure_.y, series.y[i]));
  if (!series.low.empty() && has_band(series, i))
    text += fmt::format(" ({} to {})", short_number(series.low[i]), short_number(series.high[i]));
  return text;
}

void Marker::point(const Series& series, const Style& style, std::size_t i) {
  if (!drawn(series, i)) return;
  const Point at = place_(series.x[i], series.y[i]);
  if (!frame_.holds(at)) return;
  std::string mark;
  if (series.marks == Marks::bars) {
    const bool upright = figure_.x.scale == Scale::categories;
    const double rows = static_cast<double>(
        std::max<std::size_t>(1, (upright ? figure_.x : figure_.y).categories.size()));
    const double half = std::min(14.0, 0.36 * (upright ? frame_.width() : frame_.height()) / rows);
    mark = fmt::format("path d=\"M{:.2f} {:.2f}{}{:.2f}\" stroke=\"{}\" stroke-width=\"2.2\"",
                       at.x - (upright ? half : 0), at.y - (upright ? 0 : half),
                       upright ? 'h' : 'v', 2 * half, style.stroke);
  } else if (series.marks == Marks::points || series.marks == Marks::line_and_points) {
    mark = fmt::format("{} fill=\"{}\" stroke=\"{}\" stroke-width=\"0.6\"",
                       shape(style.shape, at, kRadius), style.stroke, drawing_.ground());
  } else if (hover_ && !series.reference) {
    mark = fmt::format("circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" fill-opacity=\"0\"", at.x, at.y,
                       kHoverRadius);
  } else {
    return;
  }
  std::string title;
  for (char c : told(series, i)) title += c == '\n' ? "&#10;" : svg_escaped({&c, 1});
  drawing_.add(
      fmt::format("<{}><title>{}</title></{}>", mark, title, mark.substr(0, mark.find(' '))));
}

}  // namespace

bool clip(const Frame& frame, Point& from, Point& to) {
  const double dx = to.x - from.x, dy = to.y - from.y;
  double enters = 0, leaves = 1;
  const std::array<std::pair<double, double>, 4> borders = {{{-dx, from.x - frame.left},
                                                             {dx, frame.right - from.x},
                                                             {-dy, from.y - frame.top},
                                                             {dy, frame.bottom - from.y}}};
  for (const auto& [outwards, room] : borders) {
    if (outwards == 0) {
      if (room < 0) return false;
      continue;
    }
    const double at = room / outwards;
    if (outwards < 0)
      enters = std::max(enters, at);
    else
      leaves = std::min(leaves, at);
  }
  if (enters > leaves) return false;
  to = {from.x + leaves * dx, from.y + leaves * dy};
  from = {from.x + enters * dx, from.y + enters * dy};
  return true;
}

void draw_marks(SvgDrawing& drawing, const Figure& figure, const Frame& frame, const Place& place,
                bool hover) {
  Marker marker(drawing, figure, frame, place, hover);
  for (std::size_t i = 0; i < figure.series.size(); ++i) marker.draw(i);
}

void draw_swatch(SvgDrawing& drawing, const Figure& figure, std::size_t number, double x, double y,
                 double width) {
  const Series& series = figure.series[number];
  const Style style = style_of(drawing, figure, number);
  drawing.add(group_of(style, series));
  if (series.marks != Marks::points && series.marks != Marks::bars)
    drawing.add(fmt::format(
        "<path d=\"M{:.1f} {:.1f}h{:.1f}\" stroke=\"{}\" stroke-width=\"{}\"{}/>", x, y, width,
        style.stroke, series.reference ? kReferenceWidth : kLineWidth, dash_attribute(style)));
  if (series.marks == Marks::bars)
    drawing.add(fmt::format("<path d=\"M{:.1f} {:.1f}v10\" stroke=\"{}\" stroke-width=\"2.2\"/>",
                            x + width / 2, y - 5, style.stroke));
  if (series.marks == Marks::points || series.marks == Marks::line_and_points)
    drawing.add(fmt::format("<{} fill=\"{}\"/>", shape(style.shape, {x + width / 2, y}, kRadius),
                            style.stroke));
}

}  // namespace metriclab
