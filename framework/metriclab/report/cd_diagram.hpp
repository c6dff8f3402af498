// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/report/svg.hpp>
#include <string>
#include <utility>
#include <vector>

namespace metriclab {

/// A critical-difference diagram: methods at their mean ranks, the best at the left, with a bar
/// over each group within which no two differ by the critical difference or more. Demšar. JMLR
/// 2006, figure 1, whose axis runs the other way.
struct CdDiagram {
  std::string title;
  std::vector<std::string> methods;
  std::vector<double> average_ranks;  // of each, 1 the best
  double critical_difference = 0;
};

/// Numbers of methods, the best first, ties in their order.
std::vector<std::size_t> order_of(const std::vector<double>& average_ranks);

/// The greatest groups, as first and last place in ascending order of rank: every two ranks of a
/// group are closer than the critical difference, no group lies within another, none is of one.
/// O(k) for ascending `ranks`.
std::vector<std::pair<std::size_t, std::size_t>> groups_of(const std::vector<double>& ranks,
                                                           double critical_difference);

/// Puts the lines of groups side by side, none that looks like the going on of another: those in
/// one lane have a method between them and are more than `gap` ranks apart. The lane of each.
std::vector<std::size_t> lanes_of(const std::vector<std::pair<std::size_t, std::size_t>>& groups,
                                  const std::vector<double>& ranks, double gap = 0);

/// No script, no font, no other file. Its size follows the number of methods and
/// their names; no two labels overlap. O(k·groups).
std::string svg_of(const CdDiagram& diagram, SvgUse use = SvgUse::file);

}  // namespace metriclab
