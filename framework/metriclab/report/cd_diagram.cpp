// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <metriclab/report/cd_diagram.hpp>
#include <numeric>

namespace metriclab {
namespace {

// Lengths in CSS pixels.
constexpr double kFont = 13;
constexpr double kLine = 20;    // from label to label
constexpr double kLane = 7;     // from bar to bar
constexpr double kBarGap = 20;  // between bars of one lane
constexpr double kMargin = 14;
constexpr double kPlot = 520;      // the axis
constexpr double kGap = 8;         // between a line and its label
constexpr double kTickSpace = 26;  // two digits with room beside them

/// Where ranks are on the page.
struct Axis {
  double left = 0, y = 0;
  std::size_t k = 0;
  double at(double rank) const { return left + (rank - 1) / static_cast<double>(k - 1) * kPlot; }
};

void draw_axis(SvgDrawing& drawing, const Axis& axis) {
  drawing.line(axis.at(1), axis.y, axis.at(static_cast<double>(axis.k)), axis.y, 1.2);
  std::size_t step = 1;
  while (kPlot / static_cast<double>(axis.k - 1) * static_cast<double>(step) < kTickSpace) ++step;
  for (std::size_t rank = 1; rank <= axis.k; ++rank) {
    const double x = axis.at(static_cast<double>(rank));
    const bool labelled = (rank - 1) % step == 0;
    drawing.line(x, axis.y - (labelled ? 6 : 3), x, axis.y, 1.2);
    if (labelled) drawing.text(x, axis.y - 10, "middle", fmt::format("{}", rank));
  }
}

/// The critical difference as a length of the axis, above it.
void draw_difference(SvgDrawing& drawing, const Axis& axis, double difference) {
  const double y = axis.y - 42, whole = static_cast<double>(axis.k) - 1;
  const bool longer = difference > whole;
  const double end = axis.at(1 + std::min(difference, whole));
  drawing.line(axis.at(1), y, end, y, 1.2);
  drawing.line(axis.at(1), y - 4, axis.at(1), y + 4, 1.2);
  if (!longer) drawing.line(end, y - 4, end, y + 4, 1.2);
  drawing.text(axis.at(1), y - 8, "start",
               fmt::format("CD = {:.2f}{}", difference, longer ? ", longer than the axis" : ""));
}

}  // namespace

std::vector<std::size_t> order_of(const std::vector<double>& average_ranks) {
  std::vector<std::size_t> order(average_ranks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    // Sums of the same ranks in another order differ by rounding.
    return average_ranks[a] < average_ranks[b] - 1e-9;
  });
  return order;
}

std::vector<std::pair<std::size_t, std::size_t>> groups_of(const std::vector<double>& ranks,
                                                           double critical_difference) {
  std::vector<std::pair<std::size_t, std::size_t>> groups;
  std::size_t last = 0;
  for (std::size_t first = 0; first < ranks.size(); ++first) {
    last = std::max(last, first);
    const std::size_t before = last;
    while (last + 1 < ranks.size() && ranks[last + 1] - ranks[first] < critical_difference) ++last;
    if (last > first && (last > before || first == 0)) groups.emplace_back(first, last);
  }
  return groups;
}

std::vector<std::size_t> lanes_of(const std::vector<std::pair<std::size_t, std::size_t>>& groups,
                                  const std::vector<double>& ranks, double gap) {
  std::vector<std::size_t> lanes, ends;  // ends: the last place that a lane takes
  for (const auto& [first, last] : groups) {
    const auto taken = [&, from = first](std::size_t end) {
      return end + 1 >= from || ranks[from] - ranks[end] <= gap;
    };
    const auto lane =
        static_cast<std::size_t>(std::find_if_not(ends.begin(), ends.end(), taken) - ends.begin());
    if (lane == ends.size()) ends.push_back(0);
    ends[lane] = last;
    lanes.push_back(lane);
  }
  return lanes;
}

std::string svg_of(const CdDiagram& diagram, SvgUse use) {
  const std::vector<std::size_t> order = order_of(diagram.average_ranks);
  const std::size_t k = order.size();
  std::vector<double> ranks;
  std::vector<std::string> labels;
  double longest = 0;
  for (std::size_t method : order) {
    ranks.push_back(diagram.average_ranks[method]);
    labels.push_back(fmt::format("{} ({:.2f})", diagram.methods[method], ranks.back()));
    longest = std::max(longest, svg_text_width(labels.back(), kFont));
  }
  const auto groups = groups_of(ranks, diagram.critical_difference);
  const double ranks_per_pixel = static_cast<double>(std::max<std::size_t>(k, 2) - 1) / kPlot;
  const auto lanes = lanes_of(groups, ranks, kBarGap * ranks_per_pixel);
  const std::size_t n_lanes = lanes.empty() ? 0 : *std::max_element(lanes.begin(), lanes.end()) + 1;

  const double side = kMargin + longest + 2 * kGap;
  const Axis axis{side, 100, std::max<std::size_t>(k, 2)};
  const std::size_t left = (k + 1) / 2;
  const double top = axis.y + 12 + static_cast<double>(n_lanes) * kLane + kLine;
  const double width =
      std::max(2 * side + kPlot, svg_text_width(diagram.title, kFont) + 2 * kMargin);
  const double height = top + static_cast<double>(left - 1) * kLine + kLine;

  SvgDrawing drawing(use, kFont);
  drawing.text(kMargin, 24, "start", diagram.title);
  draw_difference(drawing, axis, diagram.critical_difference);
  draw_axis(drawing, axis);
  for (std::size_t place = 0; place < k; ++place) {
    // Downwards from the outside in on either side, so that no line crosses another.
    const bool to_left = place < left;
    const double y = top + static_cast<double>(to_left ? place : k - 1 - place) * kLine;
    const double x = axis.at(ranks[place]);
    const double end = to_left ? axis.left - kGap : axis.left + kPlot + kGap;
    drawing.line(x, axis.y, x, y, 1);
    drawing.line(x, y, end, y, 1);
    drawing.text(end + (to_left ? -kGap : kGap), y + kFont * 0.35, to_left ? "end" : "start",
                 labels[place]);
  }
  for (std::size_t group = 0; group < groups.size(); ++group) {
    const double y = axis.y + 12 + static_cast<double>(lanes[group]) * kLane;
    drawing.line(axis.at(ranks[groups[group].first]) - 3, y,
                 axis.at(ranks[groups[group].second]) + 3, y, 4);
  }
  return drawing.finish(width, height, diagram.title);
}

}  // namespace metriclab
