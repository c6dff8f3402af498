// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <regex>
#include <string>
#include <utility>
#include <vector>

// What any SVG picture of metriclab must be, told from its text alone.
namespace svg_check {

/// What is wrong with it as XML; "" where nothing is: elements closed in their order, attributes in
/// quotes and none twice, "&" in entities alone.
inline std::string problem_of(const std::string& xml) {
  for (std::size_t at = xml.find('&'); at != std::string::npos; at = xml.find('&', at + 1)) {
    const std::string entity = xml.substr(at, xml.find(';', at) - at);
    if (entity != "&amp" && entity != "&lt" && entity != "&gt" && entity != "&quot" &&
        entity != "&#10")
      return "an & that is no entity: " + xml.substr(at, 20);
  }
  std::vector<std::string> open;
  for (std::size_t at = 0; at < xml.size();) {
    const std::size_t begin = xml.find('<', at);
    if (xml.substr(at, begin - at).find('>') != std::string::npos) return "a > outside of a tag";
    if (begin == std::string::npos) break;
    const std::size_t end = xml.find('>', begin);
    if (end == std::string::npos) return "a tag without an end";
    std::string inside = xml.substr(begin + 1, end - begin - 1);
    at = end + 1;
    if (inside.find('<') != std::string::npos) return "a tag in a tag: " + inside;
    if (inside.starts_with('/')) {
      if (open.empty() || open.back() != inside.substr(1))
        return "closed in the wrong order: " + inside;
      open.pop_back();
      continue;
    }
    const bool closed = inside.ends_with('/');
    if (closed) inside.pop_back();
    const std::string name = inside.substr(0, inside.find_first_of(" \n"));
    std::vector<std::string> names;
    std::string rest = inside.substr(name.size());
    for (std::size_t from = 0; from < rest.size();) {
      const std::size_t equals = rest.find("=\"", from);
      if (equals == std::string::npos) {
        if (rest.find_first_not_of(" \n", from) != std::string::npos)
          return "no attribute: " + inside;
        break;
      }
      const std::size_t first = rest.find_first_not_of(" \n", from);
      names.push_back(rest.substr(first, equals - first));
      if (first == from || names.back().find_first_of(" \n\"") != std::string::npos)
        return "no attribute: " + inside;
      const std::size_t quote = rest.find('"', equals + 2);
      if (quote == std::string::npos) return "an attribute without an end: " + inside;
      from = quote + 1;
    }
    std::sort(names.begin(), names.end());
    if (std::adjacent_find(names.begin(), names.end()) != names.end())
      return "an attribute twice: " + inside;
    if (!closed) open.push_back(name);
  }
  return open.empty() ? "" : "not closed: " + open.back();
}

struct Label {
  double left = 0, top = 0, right = 0, bottom = 0;  // upright and level ones
  bool turned = false;
  std::string text;
};

inline std::size_t characters(const std::string& text) {
  const std::string plain = std::regex_replace(text, std::regex("&[a-z]+;"), "x");
  return static_cast<std::size_t>(std::count_if(plain.begin(), plain.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

/// All texts, with the room that they take where a letter is 0.55 em wide, the average of sans
/// serif fonts.
inline std::vector<Label> labels_of(const std::string& svg) {
  static const std::regex text(
      "<text x=\"([-0-9.]+)\" y=\"([-0-9.]+)\" text-anchor=\"([a-z]+)\"([^>]*)>([^<]*)</text>");
  static const std::regex size("font-size=\"([0-9.]+)\"");
  std::smatch whole;
  std::regex_search(svg, whole, size);
  std::vector<Label> labels;
  for (std::sregex_iterator each(svg.begin(), svg.end(), text), end; each != end; ++each) {
    const std::string attributes = (*each)[4];
    std::smatch own;
    const double font = std::stod(std::regex_search(attributes, own, size) ? own[1] : whole[1]);
    Label label;
    label.text = (*each)[5];
    label.turned = attributes.find("rotate") != std::string::npos;
    const double width = 0.55 * font * static_cast<double>(characters(label.text));
    const double x = std::stod((*each)[1]);
    label.left = (*each)[3] == "start" ? x : (*each)[3] == "end" ? x - width : x - width / 2;
    label.right = label.left + width;
    label.bottom = std::stod((*each)[2]);
    label.top = label.bottom - 0.8 * font;
    labels.push_back(std::move(label));
  }
  return labels;
}

/// Points that marks go through: ends of lines, corners, centres.
inline std::vector<std::pair<double, double>> points_of(const std::string& svg) {
  static const std::vector<std::regex> patterns = {
      std::regex("x1=\"([-0-9.]+)\" y1=\"([-0-9.]+)\""),
      std::regex("x2=\"([-0-9.]+)\" y2=\"([-0-9.]+)\""),
      std::regex("cx=\"([-0-9.]+)\" cy=\"([-0-9.]+)\""),
      std::regex("<rect x=\"([-0-9.]+)\" y=\"([-0-9.]+)\""),
      std::regex("[ML]([-0-9.]+) ([-0-9.]+)"),
      std::regex("([-0-9.]+),([-0-9.]+)[ \"]")};
  std::vector<std::pair<double, double>> points;
  for (const std::regex& pattern : patterns)
    for (std::sregex_iterator each(svg.begin(), svg.end(), pattern), end; each != end; ++each)
      points.emplace_back(std::stod((*each)[1]), std::stod((*each)[2]));
  return points;
}

inline std::size_t count(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

/// Well-formed, nothing outside, no two labels on one another, no number that is none.
inline void check(const std::string& svg) {
  CHECK(problem_of(svg) == "");
  CHECK_FALSE(std::regex_search(svg, std::regex("[MLHVhv, \"]-?(nan|inf)[ \",LMz]")));
  for (const char* outside : {"<script", "href", "@import", "<style", "url("})
    CHECK(svg.find(outside) == std::string::npos);
  std::smatch box;
  REQUIRE(std::regex_search(svg, box, std::regex("viewBox=\"0 0 ([0-9]+) ([0-9]+)\"")));
  const double width = std::stod(box[1]), height = std::stod(box[2]);
  for (const auto& [x, y] : points_of(svg))
    CHECK_MESSAGE((x >= 0 && x <= width && y >= 0 && y <= height), x << " " << y);
  const std::vector<Label> labels = labels_of(svg);
  for (const Label& label : labels)
    CHECK_MESSAGE((label.turned || (label.left >= 0 && label.right <= width && label.top >= 0 &&
                                    label.bottom <= height)),
                  label.text);
  for (std::size_t i = 0; i < labels.size(); ++i)
    for (std::size_t j = i + 1; j < labels.size(); ++j) {
      const Label &a = labels[i], &b = labels[j];
      const bool apart =
          a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
      CHECK_MESSAGE((a.turned || b.turned || apart), a.text << " / " << b.text);
    }
}

}  // namespace svg_check
