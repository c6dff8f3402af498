// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <metriclab/report/figure.hpp>

namespace metriclab {

struct Point {
  double x = 0, y = 0;
};

/// The rectangle that curves are drawn in.
struct Frame {
  double left = 0, top = 0, right = 0, bottom = 0;
  double width() const { return right - left; }
  double height() const { return bottom - top; }
  bool holds(const Point& point) const {
    return point.x >= left - 0.01 && point.x <= right + 0.01 && point.y >= top - 0.01 &&
           point.y <= bottom + 0.01;
  }
};

/// The part of a line within the frame; false where there is none. Liang, Barsky. A new concept
/// and method for line clipping. ACM Transactions on Graphics 1984.
bool clip(const Frame& frame, Point& from, Point& to);

/// Where values that both scales have are on the page.
using Place = std::function<Point(double x, double y)>;

/// Bands, lines, whiskers and points of all series within the frame. `hover`: points of lines get
/// places to hover over, where there are not too many of them.
void draw_marks(SvgDrawing& drawing, const Figure& figure, const Frame& frame, const Place& place,
                bool hover);

/// The sign of one series, from x on in a legend, and the beginning of its group.
void draw_swatch(SvgDrawing& drawing, const Figure& figure, std::size_t series, double x, double y,
                 double width);

/// The name of each series at its first point, on no other name and no point. Returns false where
/// one finds no room: it isn't drawn.
bool draw_labels(SvgDrawing& drawing, const Figure& figure, const Frame& frame, const Place& place,
                 double font_size);

}  // namespace metriclab
