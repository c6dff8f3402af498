// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace metriclab {

/// Where a picture is to stand.
enum class SvgUse {
  /// A file by itself: a size in pixels, a white ground, colours of its own.
  file,
  /// Inside an HTML page: no size but the viewBox, so that it takes the width it is given; text and
  /// axes in `currentColor`, the font of the page, and colours that the page may set:
  /// `--series-1` … `--series-10`, `--grid` and `--ground`, each with the file's colour where the
  /// page sets none.
  page
};

/// How many colours there are for things to be told apart.
constexpr std::size_t kSeriesColours = 10;

/// A text as it stands in XML, attributes included. Control characters, of which XML has hardly
/// any, become spaces.
std::string svg_escaped(std::string_view text);

/// A bound on how wide a text is drawn at that font size, in the fonts without serifs that are
/// common.
double svg_text_width(std::string_view text, double font_size);

/// The text, or where it is wider than that its beginning and end with "…" between. UTF-8 stays
/// whole.
std::string svg_cut(std::string_view text, double font_size, double width);

/// Puts an SVG picture together. Coordinates are CSS pixels from the upper left.
class SvgDrawing {
 public:
  explicit SvgDrawing(SvgUse use, double font_size = 13);

  /// What `fill` and `stroke` take: of text and axes; of lines behind curves; of what lies behind
  /// all; of things by number from 0.
  std::string ink() const;
  std::string grid() const;
  std::string ground() const;
  std::string series(std::size_t colour) const;

  void line(double x1, double y1, double x2, double y2, double width);
  /// `anchor`: "start", "middle" or "end". `attributes` stand as they are.
  void text(double x, double y, std::string_view anchor, std::string_view content,
            std::string_view attributes = "");
  /// Markup as it is, on a line.
  void add(std::string_view markup);

  /// The whole picture, named for readers who can't see it.
  std::string finish(double width, double height, std::string_view title) const;

 private:
  SvgUse use_;
  double font_size_;
  std::string body_;
};

}  // namespace metriclab
