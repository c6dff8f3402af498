// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/plugin/better.hpp>
#include <optional>
#include <string>
#include <vector>

namespace metriclab {

/// Ranks of values, 1 for the best. Values that differ by rounding alone (1e-12, relative to the
/// larger) tie, and ties share the mean of their ranks, so that the sum is n(n + 1)/2. None where
/// neither is better.
std::vector<double> ranks_of(const std::vector<double>& values, Better better);

/// How methods stand to each other by one metric over several problems (data sets, above all).
///
/// The mean rank of each (Demšar. Statistical comparisons of classifiers over multiple data sets.
/// JMLR 2006, section 3.1.3) runs over the problems on which every method has a value. A method
/// without a value on any problem is left aside.
struct Standings {
  std::int64_t problems = 0;                 // those that ranks run over
  std::int64_t others = 0;                   // those on which some method lacks a value
  std::vector<std::optional<double>> ranks;  // by method; none without such problems, or without a
                                             // second method, or where neither is better
  std::vector<std::vector<double>> means;    // (method × problem), NaN where there is none
};
Standings standings_of(std::vector<std::vector<double>> means, Better better);

/// On how many problems one method is better than another, as good, and worse: those on which both
/// have values. Values tie as for `ranks_of`.
struct HeadToHead {
  std::int64_t wins = 0, ties = 0, losses = 0;
};
HeadToHead head_to_head(const std::vector<double>& means, const std::vector<double>& others,
                        Better better);

}  // namespace metriclab
