// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <metriclab/report/cd_diagram.hpp>
#include <regex>
#include <set>

namespace {

using namespace metriclab;

using Groups = std::vector<std::pair<std::size_t, std::size_t>>;

/// By definition: all runs of two methods and more that are close enough, those within another out.
Groups plain_groups(const std::vector<double>& ranks, double difference) {
  Groups close;
  for (std::size_t first = 0; first < ranks.size(); ++first)
    for (std::size_t last = first + 1; last < ranks.size(); ++last)
      if (ranks[last] - ranks[first] < difference) close.emplace_back(first, last);
  Groups groups;
  for (const auto& one : close)
    if (std::none_of(close.begin(), close.end(), [&](const auto& other) {
          return other != one && other.first <= one.first && one.second <= other.second;
        }))
      groups.push_back(one);
  return groups;
}

TEST_CASE("groups: Demšar's figure 1(a)") {
  // JMLR 2006: C4.5+m+cf 1.964, C4.5+m 2.000, C4.5+cf 2.893, C4.5 3.143 with CD 1.25: all in one
  // bar at 0.05 (1.179 < 1.25), and at 0.10 (CD 1.12) C4.5 differs from the first two.
  const std::vector<double> ranks{1.964, 2.000, 2.893, 3.143};
  CHECK(groups_of(ranks, 1.25) == Groups{{0, 3}});
  CHECK(groups_of(ranks, 1.12) == Groups{{0, 2}, {2, 3}});
}

TEST_CASE("groups and lanes by their definitions") {
  CHECK(rc::check("groups are the greatest, lines of one lane apart", [] {
    auto drawn =
        *rc::gen::resize(15, rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 40)));
    std::sort(drawn.begin(), drawn.end());
    std::vector<double> ranks;
    for (int value : drawn) ranks.push_back(value / 4.0);
    const double difference = *rc::gen::inRange(1, 20) / 4.0;
    const Groups groups = groups_of(ranks, difference);
    RC_ASSERT(groups == plain_groups(ranks, difference));
    const double gap = *rc::gen::inRange(0, 3) / 2.0;
    const auto lanes = lanes_of(groups, ranks, gap);
    RC_ASSERT(lanes.size() == groups.size());
    for (std::size_t i = 0; i < groups.size(); ++i)
      for (std::size_t j = i + 1; j < groups.size(); ++j)
        RC_ASSERT(lanes[i] != lanes[j] || (groups[i].second + 1 < groups[j].first &&
                                           ranks[groups[j].first] - ranks[groups[i].second] > gap));
  }));
}

struct Label {
  double x, y;
  std::string anchor, text;
};

std::vector<Label> labels_of(const std::string& svg) {
  static const std::regex pattern(
      "<text x=\"([0-9.]+)\" y=\"([0-9.]+)\" text-anchor=\"([a-z]+)\"[^>]*>([^<]*)</text>");
  std::vector<Label> labels;
  for (std::sregex_iterator each(svg.begin(), svg.end(), pattern), end; each != end; ++each)
    labels.push_back({std::stod((*each)[1]), std::stod((*each)[2]), (*each)[3], (*each)[4]});
  return labels;
}

TEST_CASE("the picture names each method once, and no two labels overlap") {
  for (std::size_t k : {2, 3, 9, 40}) {
    CdDiagram diagram{"a < b & c", {}, {}, 1.5};
    for (std::size_t i = 0; i < k; ++i) {
      diagram.methods.push_back("kernel lmnn plugin=polynomial " + std::to_string(i));
      // Many of the same rank.
      diagram.average_ranks.push_back(1 + static_cast<double>(i / 3) * 3 *
                                              static_cast<double>(k - 1) / static_cast<double>(k));
    }
    const std::string svg = svg_of(diagram);
    CHECK(svg.find("a &lt; b &amp; c") != std::string::npos);
    CHECK(svg.find("CD = 1.50") != std::string::npos);
    const auto labels = labels_of(svg);
    for (const std::string& method : diagram.methods)
      CHECK(std::count_if(labels.begin(), labels.end(), [&](const Label& label) {
              return label.text.starts_with(method + " (");
            }) == 1);
    for (std::size_t i = 0; i < labels.size(); ++i)
      for (std::size_t j = i + 1; j < labels.size(); ++j) {
        // Letters are at least 0.3 em wide: closer ones overlap for certain; 13 px high with room.
        const auto extent = [](const Label& label) {
          const double width = 0.62 * 13 * static_cast<double>(label.text.size());
          const double left = label.anchor == "start" ? label.x
                              : label.anchor == "end" ? label.x - width
                                                      : label.x - width / 2;
          return std::pair(left, left + width);
        };
        const auto [a_left, a_right] = extent(labels[i]);
        const auto [b_left, b_right] = extent(labels[j]);
        const bool apart = a_right <= b_left || b_right <= a_left;
        CHECK_MESSAGE((apart || std::abs(labels[i].y - labels[j].y) >= 13),
                      labels[i].text << " / " << labels[j].text);
      }
    // All of it is on the page.
    std::smatch size;
    REQUIRE(std::regex_search(svg, size, std::regex("width=\"([0-9]+)\" height=\"([0-9]+)\"")));
    for (const Label& label : labels) {
      CHECK(label.y < std::stod(size[2]));
      CHECK(label.x < std::stod(size[1]));
    }
  }
}

TEST_CASE("a picture whose critical difference is longer than the axis") {
  const std::string svg = svg_of({"two", {"a", "b"}, {1.2, 1.8}, 2.8});
  CHECK(svg.find("CD = 2.80, longer than the axis") != std::string::npos);
}

TEST_CASE("methods by rank, ties in their order") {
  CHECK(order_of({2.5, 1, 2.5, 1 + 1e-15}) == std::vector<std::size_t>{1, 3, 0, 2});
}

}  // namespace
