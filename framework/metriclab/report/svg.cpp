// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <array>
#include <metriclab/report/svg.hpp>

namespace metriclab {
namespace {

// Petroff. Accessible color sequences for data visualization. arXiv 2107.02270, 2021: the sequence
// of ten, chosen to differ for readers with any of the three deficiencies of colour vision.
constexpr std::array<const char*, kSeriesColours> kColours = {
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6",
    "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"};
constexpr const char* kGrid = "#e0e0e0";
constexpr const char* kGround = "#ffffff";

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

std::string svg_escaped(std::string_view text) {
  std::string result;
  for (char c : text) switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
  return result;
}

double svg_text_width(std::string_view text, double font_size) {
  // Letters of sans serif fonts are 0.55 em on average, M and W below 0.95; characters of three
  // bytes and more may be as wide as high.
  double ems = 0;
  for (char c : text) {
    if (continues_character(c)) continue;
    const bool wide = c == 'M' || c == 'W' || c == 'm' || c == 'w';
    ems += static_cast<unsigned char>(c) >= 0xE0 ? 1.0 : wide ? 0.9 : 0.62;
  }
  return ems * font_size;
}

std::string svg_cut(std::string_view text, double font_size, double width) {
  if (svg_text_width(text, font_size) <= width) return std::string(text);
  constexpr std::string_view kDots = "…";
  std::size_t head = 0, tail = text.size();
  const auto after = [&](std::size_t at) {
    do ++at;
    while (at < text.size() && continues_character(text[at]));
    return at;
  };
  const auto before = [&](std::size_t at) {
    do --at;
    while (at > 0 && continues_character(text[at]));
    return at;
  };
  // Two from the front for each one from the end: names of grids begin with the method and end with
  // a value.
  double left = width - svg_text_width(kDots, font_size);
  for (int turn = 0; head < tail; ++turn) {
    const bool front = turn % 3 != 2;
    const std::size_t next = front ? after(head) : before(tail);
    const std::string_view character =
        front ? text.substr(head, next - head) : text.substr(next, tail - next);
    left -= svg_text_width(character, font_size);
    if (left < 0) break;
    (front ? head : tail) = next;
  }
  return fmt::format("{}{}{}", text.substr(0, head), kDots, text.substr(tail));
}

SvgDrawing::SvgDrawing(SvgUse use, double font_size) : use_(use), font_size_(font_size) {}

std::string SvgDrawing::ink() const { return use_ == SvgUse::file ? "black" : "currentColor"; }

std::string SvgDrawing::grid() const {
  return use_ == SvgUse::file ? kGrid : fmt::format("var(--grid, {})", kGrid);
}

std::string SvgDrawing::ground() const {
  return use_ == SvgUse::file ? kGround : fmt::format("var(--ground, {})", kGround);
}

std::string SvgDrawing::series(std::size_t colour) const {
  colour %= kSeriesColours;
  return use_ == SvgUse::file ? kColours[colour]
                              : fmt::format("var(--series-{}, {})", colour + 1, kColours[colour]);
}

void SvgDrawing::line(double x1, double y1, double x2, double y2, double width) {
  add(
      fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" "
                  "stroke-width=\"{}\"/>",
                  x1, y1, x2, y2, ink(), width));
}

void SvgDrawing::text(double x, double y, std::string_view anchor, std::string_view content,
                      std::string_view attributes) {
  add(fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}{}>{}</text>", x, y, anchor,
                  attributes.empty() ? "" : " ", attributes, svg_escaped(content)));
}

void SvgDrawing::add(std::string_view markup) {
  body_ += markup;
  body_ += '\n';
}

std::string SvgDrawing::finish(double width, double height, std::string_view title) const {
  const std::string name = svg_escaped(title);
  const std::string head =
      use_ == SvgUse::file
          ? fmt::format(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
                "viewBox=\"0 0 {0:.0f} {1:.0f}\" font-family=\"Helvetica, Arial, sans-serif\" "
                "font-size=\"{2}\" fill=\"{3}\">\n<title>{4}</title>\n"
                "<rect width=\"100%\" height=\"100%\" fill=\"{5}\"/>\n",
                width, height, font_size_, ink(), name, ground())
          : fmt::format(
                "<svg class=\"figure\" viewBox=\"0 0 {:.0f} {:.0f}\" font-size=\"{}\" "
                "fill=\"{}\" role=\"img\" aria-label=\"{}\">\n",
                width, height, font_size_, ink(), name);
  return head + body_ + "</svg>\n";
}

}  // namespace metriclab
