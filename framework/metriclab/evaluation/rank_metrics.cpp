// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/evaluation/rank_metrics.hpp>

namespace metriclab {

std::vector<std::string> RankMetrics::names() const {
  std::vector<std::string> names;
  const auto add = [&](const char* name, const std::vector<std::int64_t>& at) {
    for (std::int64_t rank : at) names.push_back(fmt::format("{}_{}", name, rank));
  };
  add("recall_at", recall_at);
  for (const char* name : {"precision_at_1", "r_precision", "map_at_r", "map", "mrr", "minp"})
    names.push_back(name);
  // It is there already.
  std::vector<std::int64_t> precisions = precision_at;
  std::erase(precisions, 1);
  add("precision_at", precisions);
  add("map_at", map_at);
  add("ndcg_at", ndcg_at);
  add("cmc", cmc_at);
  return names;
}

void RankMetrics::measure(std::span<const std::int64_t> ranks, std::span<double> values) const {
  const auto r = static_cast<std::int64_t>(ranks.size());
  const std::int64_t most = k.value_or(std::numeric_limits<std::int64_t>::max());
  const std::int64_t first = ranks.front(), last = ranks.back();
  // How many stand at most there.
  const auto found = [&](std::int64_t rank) {
    return std::upper_bound(ranks.begin(), ranks.end(), std::min(rank, most)) - ranks.begin();
  };
  const auto precisions = [&](std::int64_t begin, std::int64_t end) {
    double sum = 0;
    for (std::int64_t i = begin; i < end; ++i)
      sum += static_cast<double>(i + 1) / static_cast<double>(ranks[static_cast<std::size_t>(i)]);
    return sum;
  };
  const auto discount = [](std::int64_t rank) {
    return 1 / std::log2(1 + static_cast<double>(rank));
  };
  const auto ratio = [](auto a, auto b) { return static_cast<double>(a) / static_cast<double>(b); };

  std::size_t m = 0;
  const auto is = [&](double value) { values[m++] = value; };
  for (std::int64_t at : recall_at) is(first <= std::min(at, most) ? 1 : 0);
  is(first == 1 ? 1 : 0);
  const std::int64_t within_r = found(r);
  is(ratio(within_r, std::min(r, most)));
  const double map_at_r = precisions(0, within_r);
  is(map_at_r / static_cast<double>(r));
  is((map_at_r + precisions(within_r, found(most))) / static_cast<double>(r));
  is(first <= most ? ratio(1, first) : 0);
  is(last <= most ? ratio(r, last) : 0);
  for (std::int64_t at : precision_at)
    if (at != 1) is(ratio(found(at), at));
  for (std::int64_t at : map_at)
    is(precisions(0, found(at)) / static_cast<double>(std::min(r, at)));
  for (std::int64_t at : ndcg_at) {
    double gained = 0, ideal = 0;
    for (std::int64_t i = 0; i < found(at); ++i)
      gained += discount(ranks[static_cast<std::size_t>(i)]);
    for (std::int64_t i = 1; i <= std::min(r, at); ++i) ideal += discount(i);
    is(gained / ideal);
  }
  for (std::int64_t at : cmc_at) is(first <= std::min(at, most) ? 1 : 0);
}

}  // namespace metriclab
