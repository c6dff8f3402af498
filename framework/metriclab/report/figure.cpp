// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <metriclab/report/figure.hpp>
#include <metriclab/report/figure_marks.hpp>
#include <metriclab/report/figure_scale.hpp>
#include <metriclab/report/fold.hpp>
#include <set>

namespace metriclab {
namespace {

// Lengths in CSS pixels.
constexpr double kFont = 12, kTitleFont = 14, kNoteFont = 11;
constexpr double kMargin = 12;
constexpr double kLine = 17;        // from one line of text to the next
constexpr double kGap = 6;          // between a tick and its label
constexpr double kRow = 18;         // a category of the upright axis, at least
constexpr double kSwatch = 22;      // a line of the legend
constexpr double kXTickSpace = 70;  // for the label of a tick, beside the next
constexpr double kYTickSpace = 40;
constexpr double kDeviateSpace = 38;  // of short labels
constexpr double kSlant = 35;         // degrees, of categories that don't fit upright
constexpr double kLongestSlanted = 150;
constexpr double kLegendShare = 0.3;  // of the width, that a legend at the right may take

const double kSlantSine = std::sin(kSlant * std::acos(-1.0) / 180);
const double kSlantCosine = std::cos(kSlant * std::acos(-1.0) / 180);

bool is_on(const FigureAxis& axis, double value) {
  return FigureScale::has(axis.scale, value) && (!axis.low || value >= *axis.low) &&
         (!axis.high || value <= *axis.high);
}

/// All that one axis must have room for. What has no place on the other one isn't drawn, and takes
/// none.
std::vector<double> values_of(const Figure& figure, bool of_x) {
  std::vector<double> values;
  for (const Series& series : figure.series)
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      if (!is_on(figure.x, series.x[i]) || !is_on(figure.y, series.y[i])) continue;
      values.push_back(of_x ? series.x[i] : series.y[i]);
      if (of_x || series.low.empty()) continue;
      values.push_back(series.low[i]);
      values.push_back(series.high[i]);
    }
  return values;
}

/// Where everything stands, and the making of it.
class Layout {
 public:
  Layout(const Figure& figure, SvgUse use)
      : figure_(figure),
        x_(figure.x, values_of(figure, true)),
        y_(figure.y, values_of(figure, false)),
        drawing_(use, kFont),
        hover_(use == SvgUse::page) {}

  std::string draw();

 private:
  struct Entry {
    std::size_t series;
    std::string text;
  };

  void place_frame();
  void place_legend(bool may_stand_right);
  void draw_x_axis();
  void draw_y_axis();
  void draw_title();
  void draw_legend();
  void draw_below();

  const Figure& figure_;
  const FigureScale x_, y_;
  SvgDrawing drawing_;
  const bool hover_;
  Frame frame_;
  double width_ = 0, height_ = 0;
  std::vector<Tick> x_ticks_, y_ticks_;
  double y_label_width_ = 0, x_label_width_ = 0;
  bool slanted_ = false;
  std::vector<Entry> entries_;
  bool legend_right_ = false;
  double entry_width_ = 0;
  std::size_t entry_columns_ = 1;
};

void Layout::place_legend(bool may_stand_right) {
  double widest = 0;
  for (std::size_t i = 0; i < figure_.series.size(); ++i) {
    const Series& series = figure_.series[i];
    if (!series.in_legend || series.name.empty()) continue;
    entries_.push_back({i, series.name});
    widest = std::max(widest, svg_text_width(series.name, kFont));
  }
  if (entries_.empty()) return;
  const double room = width_ * kLegendShare - kSwatch - kGap;
  const double height = static_cast<double>(entries_.size()) * kLine;
  // A name that loses its middle stands better below, where there is room for all of it.
  legend_right_ = may_stand_right && height <= figure_.height - 60 && widest <= room;
  const double limit = legend_right_ ? room : (width_ - 2 * kMargin) * 0.48 - kSwatch - 3 * kGap;
  double longest = 0;
  for (Entry& entry : entries_) {
    entry.text = svg_cut(entry.text, kFont, limit);
    longest = std::max(longest, svg_text_width(entry.text, kFont));
  }
  entry_width_ = kSwatch + kGap + longest + 2 * kGap;
  if (!legend_right_)
    entry_columns_ = std::clamp<std::size_t>(
        static_cast<std::size_t>((width_ - 2 * kMargin) / entry_width_), 1, entries_.size());
}

void Layout::place_frame() {
  width_ = std::max(200.0, figure_.width);
  frame_.top = kMargin + (figure_.title.empty() ? 0 : kTitleFont + kGap) + 4;
  double frame_height = std::max(60.0, figure_.height - frame_.top - 56);
  if (figure_.y.scale == Scale::categories)
    frame_height = std::max(frame_height, kRow * static_cast<double>(figure_.y.categories.size()));
  frame_.bottom = frame_.top + frame_height;

  y_ticks_ = y_.empty() ? std::vector<Tick>()
                        : y_.ticks(frame_height, figure_.y.scale == Scale::normal_deviate
                                                     ? kDeviateSpace * 0.7
                                                     : kYTickSpace);
  const double most_of_width = 0.38 * width_;
  for (Tick& tick : y_ticks_)
    y_label_width_ =
        std::max(y_label_width_, svg_text_width(svg_cut(tick.label, kFont, most_of_width), kFont));
  frame_.left = kMargin + (figure_.y.label.empty() ? 0 : kLine) + y_label_width_ + 2 * kGap;
  frame_.right = width_ - kMargin - (legend_right_ ? entry_width_ : 0);

  if (!x_.empty())
    x_ticks_ = x_.ticks(frame_.width(),
                        figure_.x.scale == Scale::normal_deviate ? kDeviateSpace : kXTickSpace);
  for (const Tick& tick : x_ticks_)
    x_label_width_ = std::max(x_label_width_, svg_text_width(tick.label, kFont));
  slanted_ =
      figure_.x.scale == Scale::categories &&
      x_label_width_ + kGap > frame_.width() / std::max(1.0, static_cast<double>(x_ticks_.size()));
}

void Layout::draw_title() {
  if (figure_.title.empty()) return;
  const double room = width_ - 2 * kMargin;
  // Bold letters are a little wider.
  const std::string shown = svg_cut(figure_.title, kTitleFont * 1.06, room);
  drawing_.text(kMargin, kMargin + kTitleFont - 2, "start", shown,
                fmt::format("font-size=\"{}\" font-weight=\"bold\"", kTitleFont));
}

void Layout::draw_y_axis() {
  const bool categories = figure_.y.scale == Scale::categories;
  double above = frame_.bottom + kLine;  // where the label below stands
  for (const Tick& tick : y_ticks_) {
    const double y = categories ? frame_.top + y_.at(tick.value) * frame_.height()
                                : frame_.bottom - y_.at(tick.value) * frame_.height();
    if (tick.label.empty()) {
      drawing_.line(frame_.left - 2, y, frame_.left, y, 0.7);
      continue;
    }
    drawing_.add(
        fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\"/>",
                    frame_.left, y, frame_.right, y, drawing_.grid()));
    drawing_.line(frame_.left - 4, y, frame_.left, y, 1);
    if (!categories && above - y < kFont + 1) continue;
    above = y;
    const std::string shown = svg_cut(tick.label, kFont, 0.38 * width_);
    drawing_.text(frame_.left - kGap, y + kFont * 0.35, "end", shown);
  }
  drawing_.line(frame_.left, frame_.top, frame_.left, frame_.bottom, 1);
  if (figure_.y.label.empty()) return;
  const double x = kMargin + kFont * 0.8, y = (frame_.top + frame_.bottom) / 2;
  drawing_.text(x, y, "middle", svg_cut(figure_.y.label, kFont, frame_.height()),
                fmt::format("transform=\"rotate(-90 {:.1f} {:.1f})\"", x, y));
}

void Layout::draw_x_axis() {
  double depth = kGap + kFont;  // of the labels below the axis
  double free = 0;              // from where on there is room for a label
  for (const Tick& tick : x_ticks_) {
    const double x = frame_.left + x_.at(tick.value) * frame_.width();
    if (tick.label.empty()) {
      drawing_.line(x, frame_.bottom, x, frame_.bottom + 2, 0.7);
      continue;
    }
    if (figure_.x.scale != Scale::categories)
      drawing_.add(fmt::format(
          "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\"/>", x,
          frame_.top, x, frame_.bottom, drawing_.grid()));
    drawing_.line(x, frame_.bottom, x, frame_.bottom + 4, 1);
    if (slanted_) {
      // Lines of text that lean are as far apart as their feet are, times the sine.
      if (x < free) continue;
      free = x + (kFont + 1) / kSlantSine;
      const double room = std::min(kLongestSlanted, (x - kMargin) / kSlantCosine);
      const std::string shown = svg_cut(tick.label, kFont, room);
      depth = std::max(depth, kGap + kFont + svg_text_width(shown, kFont) * kSlantSine);
      const double y = frame_.bottom + kGap + kFont * 0.7;
      drawing_.text(x, y, "end", shown,
                    fmt::format("transform=\"rotate(-{:.0f} {:.1f} {:.1f})\"", kSlant, x, y));
      continue;
    }
    const double half = svg_text_width(tick.label, kFont) / 2;
    // A label at either end may not leave the picture.
    const double middle = std::clamp(x, half + 1, std::max(half + 1, width_ - half - 1));
    if (middle - half < free) continue;
    free = middle + half + 3;
    drawing_.text(middle, frame_.bottom + kGap + kFont, "middle", tick.label);
  }
  drawing_.line(frame_.left, frame_.bottom, frame_.right, frame_.bottom, 1);
  height_ = frame_.bottom + depth + kGap;
  if (figure_.x.label.empty()) return;
  height_ += kLine;
  const double half = svg_text_width(figure_.x.label, kFont) / 2;
  const double middle = (frame_.left + frame_.right) / 2;
  const double room = 2 * std::min(middle - kMargin, width_ - kMargin - middle);
  drawing_.text(middle, height_ - kGap, "middle",
                2 * half > room ? svg_cut(figure_.x.label, kFont, room) : figure_.x.label);
}

void Layout::draw_legend() {
  if (entries_.empty()) return;
  const std::size_t rows = (entries_.size() + entry_columns_ - 1) / entry_columns_;
  const double left = legend_right_ ? frame_.right + 2 * kGap : kMargin;
  const double top = legend_right_ ? frame_.top + kLine / 2 : height_ + kLine;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    const double x = left + static_cast<double>(i / rows) * entry_width_;
    const double y = top + static_cast<double>(i % rows) * kLine;
    const Series& series = figure_.series[entry.series];
    draw_swatch(drawing_, figure_, entry.series, x, y - kFont * 0.35, kSwatch);
    drawing_.text(x + kSwatch + kGap, y, "start", entry.text);
    if (entry.text != series.name)
      drawing_.add(fmt::format("<title>{}</title>", svg_escaped(series.name)));
    drawing_.add("</g>");
  }
  if (!legend_right_) height_ = top + static_cast<double>(rows - 1) * kLine + kGap;
}

void Layout::draw_below() {
  const auto columns = static_cast<std::size_t>((width_ - 2 * kMargin) / (0.62 * kNoteFont));
  for (const std::string& note : figure_.notes)
    for (const std::string& line : fold(note, columns)) {
      height_ += kNoteFont + 4;
      drawing_.text(kMargin, height_, "start", line,
                    fmt::format("font-size=\"{}\" opacity=\"0.75\"", kNoteFont));
    }
  height_ += kMargin;
}

std::string Layout::draw() {
  width_ = std::max(200.0, figure_.width);
  if (!figure_.label_series) place_legend(true);
  place_frame();
  draw_title();
  draw_x_axis();
  draw_y_axis();
  const auto place = [&](double x, double y) {
    const double up = y_.at(y) * frame_.height();
    return Point{frame_.left + x_.at(x) * frame_.width(),
                 figure_.y.scale == Scale::categories ? frame_.top + up : frame_.bottom - up};
  };
  if (x_.empty() || y_.empty())
    drawing_.text((frame_.left + frame_.right) / 2, (frame_.top + frame_.bottom) / 2, "middle",
                  "nothing here can be drawn", "opacity=\"0.75\"");
  else
    draw_marks(drawing_, figure_, frame_, place, hover_);
  // The frame is drawn: a legend has no room beside it any more.
  if (figure_.label_series && !draw_labels(drawing_, figure_, frame_, place, kFont))
    place_legend(false);
  draw_legend();
  draw_below();
  return drawing_.finish(width_, height_, figure_.title);
}

}  // namespace

std::string svg_of(const Figure& figure, SvgUse use) { return Layout(figure, use).draw(); }

}  // namespace metriclab
