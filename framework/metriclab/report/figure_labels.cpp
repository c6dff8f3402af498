// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <metriclab/report/figure_marks.hpp>
#include <metriclab/report/figure_scale.hpp>
#include <optional>

namespace metriclab {
namespace {

constexpr double kPointRoom = 4.5;  // half of what a point takes
constexpr double kNear = 7;         // from a point to the label beside it
constexpr double kLongest = 160;

bool overlap(const Frame& a, const Frame& b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

bool crosses(const Frame& box, Point from, Point to) { return clip(box, from, to); }

/// What a label may not lie on, and had better not.
struct Obstacles {
  std::vector<Frame> boxes;                    // points, and labels that have their place
  std::vector<std::pair<Point, Point>> lines;  // and whiskers
};

Obstacles obstacles_of(const Figure& figure, const Place& place) {
  Obstacles obstacles;
  for (const Series& series : figure.series) {
    std::optional<Point> before;
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      if (!FigureScale::has(figure.x.scale, series.x[i]) ||
          !FigureScale::has(figure.y.scale, series.y[i])) {
        before.reset();
        continue;
      }
      const Point at = place(series.x[i], series.y[i]);
      if (series.marks == Marks::points || series.marks == Marks::line_and_points)
        obstacles.boxes.push_back(
            {at.x - kPointRoom, at.y - kPointRoom, at.x + kPointRoom, at.y + kPointRoom});
      if (series.marks != Marks::line && i < series.low.size() &&
          FigureScale::has(figure.y.scale, series.low[i]) &&
          FigureScale::has(figure.y.scale, series.high[i])) {
        const double low = place(series.x[i], series.low[i]).y;
        const double high = place(series.x[i], series.high[i]).y;
        obstacles.lines.push_back({{at.x, low}, {at.x, high}});
      }
      if (before && series.marks == Marks::steps) {
        obstacles.lines.push_back({*before, {at.x, before->y}});
        obstacles.lines.push_back({{at.x, before->y}, at});
      } else if (before && series.marks != Marks::points && series.marks != Marks::bars) {
        obstacles.lines.push_back({*before, at});
      }
      before = at;
    }
  }
  return obstacles;
}

/// Where a text of that size may stand around a point: beside, above and below it, then farther
/// away.
std::vector<Frame> places_around(const Point& at, double width, double height) {
  std::vector<Frame> places;
  for (double away : {kNear, 2 * kNear, 3.5 * kNear, 6 * kNear}) {
    const std::array<Point, 8> corners = {{
        {at.x + away, at.y - height / 2},
        {at.x - away - width, at.y - height / 2},
        {at.x - width / 2, at.y - away - height},
        {at.x - width / 2, at.y + away},
        {at.x + 0.7 * away, at.y - 0.7 * away - height},
        {at.x + 0.7 * away, at.y + 0.7 * away},
        {at.x - 0.7 * away - width, at.y - 0.7 * away - height},
        {at.x - 0.7 * away - width, at.y + 0.7 * away},
    }};
    for (const Point& corner : corners)
      places.push_back({corner.x, corner.y, corner.x + width, corner.y + height});
  }
  return places;
}

}  // namespace

bool draw_labels(SvgDrawing& drawing, const Figure& figure, const Frame& frame, const Place& place,
                 double font_size) {
  Obstacles obstacles = obstacles_of(figure, place);
  bool all = true;
  for (const Series& series : figure.series) {
    if (!series.in_legend || series.name.empty()) continue;
    std::optional<Point> at;
    for (std::size_t i = 0; i < series.x.size() && !at; ++i)
      if (FigureScale::has(figure.x.scale, series.x[i]) &&
          FigureScale::has(figure.y.scale, series.y[i]))
        at = place(series.x[i], series.y[i]);
    if (!at || !frame.holds(*at)) continue;
    const std::string shown = svg_cut(series.name, font_size, kLongest);
    const double height = font_size + 2;
    const std::vector<Frame> places = places_around(*at, svg_text_width(shown, font_size), height);
    const auto free = [&](const Frame& box, bool beside_lines) {
      return box.left >= frame.left + 2 && box.right <= frame.right && box.top >= frame.top &&
             box.bottom <= frame.bottom - 2 &&
             std::none_of(obstacles.boxes.begin(), obstacles.boxes.end(),
                          [&](const Frame& other) { return overlap(box, other); }) &&
             (!beside_lines ||
              std::none_of(obstacles.lines.begin(), obstacles.lines.end(), [&](const auto& line) {
                return crosses(box, line.first, line.second);
              }));
    };
    auto found = places.end();
    for (bool beside_lines : {true, false})
      if (found == places.end())
        found = std::find_if(places.begin(), places.end(),
                             [&](const Frame& box) { return free(box, beside_lines); });
    if (found == places.end()) {
      all = false;
      continue;
    }
    obstacles.boxes.push_back(*found);
    // A name that stands away from its point is led to it.
    const Point nearest{std::clamp(at->x, found->left, found->right),
                        std::clamp(at->y, found->top, found->bottom)};
    const double distance = std::hypot(nearest.x - at->x, nearest.y - at->y);
    drawing.add(fmt::format("<g data-series=\"{}\">", svg_escaped(series.name)));
    if (distance > 2 * kNear) {
      const double start = (kPointRoom + 1) / distance;
      drawing.line(at->x + start * (nearest.x - at->x), at->y + start * (nearest.y - at->y),
                   nearest.x, nearest.y, 0.5);
    }
    drawing.text(found->left, found->bottom - 0.28 * height, "start", shown);
    if (shown != series.name)
      drawing.add(fmt::format("<title>{}</title>", svg_escaped(series.name)));
    drawing.add("</g>");
  }
  return all;
}

}  // namespace metriclab
