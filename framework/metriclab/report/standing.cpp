// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <metriclab/report/standing.hpp>
#include <numeric>

namespace metriclab {
namespace {

bool tie(double a, double b) {
  return std::abs(a - b) <= 1e-12 * std::max(std::abs(a), std::abs(b));
}

}  // namespace

std::vector<double> ranks_of(const std::vector<double>& values, Better better) {
  if (better == Better::neither) return {};
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return better == Better::higher ? values[a] > values[b] : values[a] < values[b];
  });
  std::vector<double> ranks(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t end = first + 1;
    while (end < order.size() && tie(values[order[first]], values[order[end]])) ++end;
    // Places first + 1 … end share their mean.
    for (std::size_t i = first; i < end; ++i)
      ranks[order[i]] = static_cast<double>(first + 1 + end) / 2;
    first = end;
  }
  return ranks;
}

Standings standings_of(std::vector<std::vector<double>> means, Better better) {
  Standings result;
  result.ranks.resize(means.size());
  result.means = std::move(means);
  if (better == Better::neither) return result;
  std::vector<std::size_t> taking_part;
  for (std::size_t method = 0; method < result.means.size(); ++method)
    if (std::any_of(result.means[method].begin(), result.means[method].end(),
                    [](double value) { return std::isfinite(value); }))
      taking_part.push_back(method);
  const std::size_t n_problems = result.means.empty() ? 0 : result.means[0].size();
  std::vector<double> sums(taking_part.size(), 0.0), values(taking_part.size());
  for (std::size_t problem = 0; problem < n_problems; ++problem) {
    for (std::size_t i = 0; i < taking_part.size(); ++i)
      values[i] = result.means[taking_part[i]][problem];
    if (!std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); })) {
      ++result.others;
      continue;
    }
    ++result.problems;
    const std::vector<double> ranks = ranks_of(values, better);
    for (std::size_t i = 0; i < ranks.size(); ++i) sums[i] += ranks[i];
  }
  if (result.problems == 0 || taking_part.size() < 2) return result;
  for (std::size_t i = 0; i < taking_part.size(); ++i)
    result.ranks[taking_part[i]] = sums[i] / static_cast<double>(result.problems);
  return result;
}

HeadToHead head_to_head(const std::vector<double>& means, const std::vector<double>& others,
                        Better better) {
  HeadToHead score;
  for (std::size_t i = 0; i < means.size(); ++i) {
    if (!std::isfinite(means[i]) || !std::isfinite(others[i])) continue;
    if (tie(means[i], others[i]))
      ++score.ties;
    else if ((means[i] > others[i]) == (better == Better::higher))
      ++score.wins;
    else
      ++score.losses;
  }
  return score;
}

}  // namespace metriclab
