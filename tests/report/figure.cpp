// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <rapidcheck.h>

#include <cmath>
#include <limits>
#include <metriclab/report/figure.hpp>
#include <metriclab/report/figure_marks.hpp>
#include <metriclab/report/figure_scale.hpp>
#include <set>

#include "svg_check.hpp"

namespace {

using namespace metriclab;
using svg_check::count;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Series wave(const std::string& name, int n, double height) {
  Series series{.name = name};
  for (int i = 1; i <= n; ++i) {
    const double y = height * (1.5 + std::sin(0.3 * i));
    series.x.push_back(i);
    series.y.push_back(y);
    series.low.push_back(0.9 * y);
    series.high.push_back(1.1 * y);
  }
  return series;
}

std::vector<std::string> labels(const std::vector<Tick>& ticks) {
  std::vector<std::string> texts;
  for (const Tick& tick : ticks)
    if (!tick.label.empty()) texts.push_back(tick.label);
  return texts;
}

TEST_CASE("figure: all marks and scales, few and many series, for a file and for a page") {
  for (std::size_t n : {1, 4, 13, 60})
    for (Marks marks :
         {Marks::line, Marks::points, Marks::line_and_points, Marks::steps, Marks::bars})
      for (Scale scale : {Scale::linear, Scale::logarithmic}) {
        if (n == 60 && (scale == Scale::linear || marks == Marks::steps)) continue;
        Figure figure{.name = "a", .title = "a < b & \"c\" on digits"};
        figure.x = {.label = "epoch", .scale = scale};
        figure.y = {.label = "loss & more", .scale = scale};
        figure.notes = {
            "mean over 5 splits; a note that is so long that it takes two lines of the "
            "picture, as those of learning curves do at times"};
        for (std::size_t i = 0; i < n; ++i) {
          figure.series.push_back(
              wave(fmt::format("method {} margin=0.2 & learning_rate=0.00{}", i, i), 8, 1.0 + i));
          figure.series.back().marks = marks;
        }
        const std::string file = svg_of(figure), page = svg_of(figure, SvgUse::page);
        CAPTURE(n);
        CAPTURE(static_cast<int>(marks));
        svg_check::check(file);
        svg_check::check(page);
        CHECK(svg_of(figure) == file);
        CHECK(file.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"640\""));
        // Each series once in the picture and once in the legend.
        for (const Series& series : figure.series)
          CHECK(count(page, "data-series=\"" + svg_escaped(series.name) + "\"") == 2);
        CHECK(page.find("width=\"640\"") == std::string::npos);
        CHECK(page.find("black") == std::string::npos);
        CHECK(page.find("var(--series-1, ") != std::string::npos);
        CHECK(file.find("var(") == std::string::npos);
        if (marks == Marks::points || marks == Marks::bars)
          CHECK(count(file, "<title>method ") >= 8 * n);
      }
}

TEST_CASE("figure: colours, then dashes") {
  Figure figure;
  for (int i = 0; i < 21; ++i) figure.series.push_back(wave(fmt::format("s{}", i), 3, 1 + i));
  std::string svg = svg_of(figure, SvgUse::page);
  CHECK(count(svg, "class=\"series-1\"") == 2 * 3);
  CHECK(count(svg, "class=\"series-2\"") == 2 * 2);
  CHECK(count(svg, "stroke-dasharray=\"7 3\"") == 2 * 10);
  // A style of its own keeps it wherever the series stands.
  figure.series = {wave("a", 3, 1)};
  figure.series[0].style = 14;
  svg = svg_of(figure, SvgUse::page);
  CHECK(count(svg, "class=\"series-5\"") == 2);
  CHECK(count(svg, "stroke-dasharray=\"7 3\"") == 2);
}

TEST_CASE("figure: gaps, single points, constants, nothing") {
  Figure figure{.name = "a", .title = "odd"};
  figure.x.label = "x";
  figure.series = {{.name = "gap", .x = {1, 2, 3, 4, 5}, .y = {1, 2, kNan, 2, 1}}};
  std::string svg = svg_of(figure);
  svg_check::check(svg);
  const std::size_t path = svg.find("<path d=\"M");
  const std::string line = svg.substr(path, svg.find("fill", path) - path);
  CHECK(count(line, "M") == 2);
  CHECK(count(line, "L") == 2);

  // A point between gaps is a dot.
  figure.series = {{.name = "alone", .x = {1, 2, 3}, .y = {kNan, 2, kNan}}};
  svg = svg_of(figure);
  svg_check::check(svg);
  CHECK(count(svg, "<circle") == 1);

  for (double value : {0.0, 1.0, -3.5e-9, 1e300 / 2, -1e20, 5e-324}) {
    figure.series = {{.name = "constant", .x = {1, 2}, .y = {value, value}}};
    svg_check::check(svg_of(figure));
    figure.series = {{.name = "one", .x = {value}, .y = {value}, .marks = Marks::points}};
    svg_check::check(svg_of(figure));
  }
  figure.series = {{.name = "rounding", .x = {1e15, 1e15 + 1}, .y = {1e20, 1e20 + 32768}}};
  svg_check::check(svg_of(figure));

  for (std::vector<double> y : {std::vector<double>{}, {kNan, kNan}, {INFINITY, -INFINITY}}) {
    figure.series = {{.name = "none", .x = std::vector<double>(y.size(), 1.0), .y = y}};
    svg = svg_of(figure);
    svg_check::check(svg);
    CHECK(svg.find("nothing here can be drawn") != std::string::npos);
  }
  // A logarithm has no zero; the band goes to the edge.
  figure.y.scale = Scale::logarithmic;
  figure.series = {{.name = "log",
                    .x = {1, 2, 3, 4},
                    .y = {0, 1, 10, 100},
                    .low = {0, -1, 0, 50},
                    .high = {0, 2, 20, 200}}};
  svg = svg_of(figure);
  svg_check::check(svg);
  CHECK(count(svg, "<polygon") == 1);
}

TEST_CASE("figure: no more bands than can be told apart") {
  for (std::size_t n : {kMostBands, kMostBands + 1}) {
    Figure figure;
    for (std::size_t i = 0; i < n; ++i) figure.series.push_back(wave(fmt::format("{}", i), 9, 1));
    CHECK(count(svg_of(figure), "<polygon") == (n > kMostBands ? 0 : n));
  }
}

TEST_CASE("figure: limits cut lines off, and points with them") {
  Figure figure;
  figure.x = {.label = "x", .low = 0, .high = 10};
  figure.y = {.label = "y", .low = 0, .high = 10};
  figure.series = {{.name = "line", .x = {-5, 5, 15}, .y = {-5, 5, 15}},
                   {.name = "points", .x = {-5, 5, 15}, .y = {5, 5, 5}, .marks = Marks::points},
                   {.name = "beyond", .x = {-5, -1}, .y = {0, 20}}};
  const std::string svg = svg_of(figure);
  svg_check::check(svg);
  CHECK(count(svg, "<title>points&#10;") == 1);
  CHECK(count(svg, "<title>beyond") == 0);
}

TEST_CASE("clipping: what is left lies on the line and within, and is all there is") {
  CHECK(rc::check("clip", [] {
    const auto number = [] { return *rc::gen::inRange(-60, 60) / 4.0; };
    const Frame frame{-5, -4, 6, 3};
    const Point a{number(), number()}, b{number(), number()};
    Point from = a, to = b;
    const bool any = clip(frame, from, to);
    int within = 0;
    for (int i = 0; i <= 400; ++i) {
      const double t = i / 400.0;
      const Point at{a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)};
      if (at.x < frame.left || at.x > frame.right || at.y < frame.top || at.y > frame.bottom)
        continue;
      ++within;
      if (!any) continue;
      // Between the ends that are left.
      const double eps = 1e-9;
      RC_ASSERT(at.x >= std::min(from.x, to.x) - eps && at.x <= std::max(from.x, to.x) + eps);
      RC_ASSERT(at.y >= std::min(from.y, to.y) - eps && at.y <= std::max(from.y, to.y) + eps);
    }
    if (any) {
      RC_ASSERT(frame.holds(from) && frame.holds(to));
    } else {
      RC_ASSERT(within <= 2);
    }
  }));
}

TEST_CASE("categories: upright ones make the picture higher, level ones lean") {
  Figure figure;
  figure.y.scale = Scale::categories;
  Series dots{.name = "dots"};
  dots.marks = Marks::points;
  for (int i = 0; i < 70; ++i) {
    figure.y.categories.push_back(fmt::format("kernel lmnn plugin=polynomial degree={}", i));
    dots.x.push_back(i);
    dots.y.push_back(i);
  }
  figure.series = {dots};
  const std::string upright = svg_of(figure);
  svg_check::check(upright);
  CHECK(count(upright, "kernel lmnn") >= 70);

  figure.x = figure.y;
  figure.y = {};
  const std::string level = svg_of(figure);
  svg_check::check(level);
  CHECK(count(level, "rotate(-35") > 10);
}

TEST_CASE("labels of points: on no other and no point, else in a legend") {
  for (int n : {3, 19, 80}) {
    Figure figure;
    figure.label_series = true;
    for (int i = 0; i < n; ++i) {
      const double angle = 2.4 * i;  // a spiral, denser in the middle
      figure.series.push_back({.name = fmt::format("method_{}", i),
                               .x = {std::sqrt(i) * std::cos(angle)},
                               .y = {std::sqrt(i) * std::sin(angle)},
                               .marks = Marks::points});
    }
    const std::string svg = svg_of(figure);
    svg_check::check(svg);
    for (const Series& series : figure.series)
      CHECK(svg.find(">" + series.name + "</text>") != std::string::npos);
  }
}

TEST_CASE("ticks: 1, 2 and 5 times powers of ten") {
  const auto ticks = [](Scale scale, std::vector<double> values, double most) {
    return labels(FigureScale({.label = "", .scale = scale}, values).ticks(most, 1));
  };
  CHECK(ticks(Scale::linear, {0, 1}, 6) ==
        std::vector<std::string>{"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"});
  CHECK(ticks(Scale::linear, {-1, 1}, 5) ==
        std::vector<std::string>{"−1.0", "−0.5", "0.0", "0.5", "1.0"});
  CHECK(ticks(Scale::linear, {10, 33}, 6) ==
        std::vector<std::string>{"10", "15", "20", "25", "30"});
  CHECK(ticks(Scale::linear, {0, 4e6}, 5) ==
        std::vector<std::string>{"0", "1·10⁶", "2·10⁶", "3·10⁶", "4·10⁶"});
  CHECK(ticks(Scale::logarithmic, {1e-5, 1e5}, 12) ==
        std::vector<std::string>{"10⁻⁵", "10⁻⁴", "0.001", "0.01", "0.1", "1", "10", "100", "1000",
                                 "10000", "10⁵"});
  CHECK(ticks(Scale::logarithmic, {1, 100}, 12) ==
        std::vector<std::string>{"1", "2", "5", "10", "20", "50", "100"});
  CHECK(ticks(Scale::logarithmic, {30, 40}, 6) ==
        std::vector<std::string>{"30", "32", "34", "36", "38", "40"});
  CHECK(ticks(Scale::normal_deviate, {0.01, 0.5}, 20) ==
        std::vector<std::string>{"1%", "2%", "5%", "10%", "20%", "30%", "40%", "50%"});
  CHECK(rc::check("as many as were asked for at most, evenly, within", [] {
    const double low =
        *rc::gen::inRange(-100000, 100000) * std::pow(10.0, *rc::gen::inRange(-9, 9));
    const double length = *rc::gen::inRange(1, 100000) * std::pow(10.0, *rc::gen::inRange(-9, 9));
    const FigureScale scale({.label = ""}, std::vector{low, low + length});
    const auto all = scale.ticks(10, 1);
    RC_ASSERT(all.size() <= 11);
    RC_ASSERT(!all.empty());
    for (std::size_t i = 0; i < all.size(); ++i) {
      RC_ASSERT(scale.at(all[i].value) >= -1e-6 && scale.at(all[i].value) <= 1 + 1e-6);
      if (i > 0) RC_ASSERT(all[i].value > all[i - 1].value);
    }
  }));
}

TEST_CASE("a scale of normal deviates is straight in Φ⁻¹") {
  // Φ(−2), Φ(−1), Φ(0), Φ(1) and Φ(2), from erfc.
  std::vector<double> rates;
  for (int z = -2; z <= 2; ++z) rates.push_back(std::erfc(-z / std::sqrt(2.0)) / 2);
  const FigureScale scale(
      {.label = "", .scale = Scale::normal_deviate, .low = rates.front(), .high = rates.back()},
      rates);
  for (int i = 0; i <= 4; ++i)
    CHECK(scale.at(rates[static_cast<std::size_t>(i)]) == doctest::Approx(i / 4.0));
  CHECK_FALSE(FigureScale::has(Scale::normal_deviate, 0));
  CHECK_FALSE(FigureScale::has(Scale::normal_deviate, 1));
  CHECK_FALSE(FigureScale::has(Scale::logarithmic, 0));
  CHECK(FigureScale::has(Scale::linear, 0));
}

TEST_CASE("names that are cut keep both ends, and whole characters") {
  const std::string name = "näme of the méthod margin=0.2";
  for (double width : {10.0, 40.0, 80.0, 120.0}) {
    const std::string cut = svg_cut(name, 12, width);
    CHECK(svg_text_width(cut, 12) <= std::max(width, svg_text_width("…", 12)));
    // No byte that goes on begins a part.
    for (std::size_t i = 0; i < cut.size(); ++i)
      if ((static_cast<unsigned char>(cut[i]) & 0xC0) == 0x80) CHECK(i > 0);
    const std::size_t dots = cut.find("…");
    REQUIRE(dots != std::string::npos);
    CHECK(name.starts_with(cut.substr(0, dots)));
    CHECK(name.ends_with(cut.substr(dots + std::string("…").size())));
  }
  CHECK(svg_cut(name, 12, 1000) == name);
}

}  // namespace
