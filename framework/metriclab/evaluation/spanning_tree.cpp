// SPDX-License-Identifier: BSD-3-Clause
#include <limits>
#include <metriclab/evaluation/spanning_tree.hpp>
#include <metriclab/neighbors/measure.hpp>

namespace metriclab {

DistancesFrom euclidean_from(const Matrix& X) {
  return [measure = Measure<double>(X, X, Distance::euclidean)](std::int64_t i,
                                                                std::vector<double>& distances) {
    distances.resize(static_cast<std::size_t>(measure.gallery().n()));
    for (std::int64_t j = 0; j < measure.gallery().n(); ++j)
      distances[static_cast<std::size_t>(j)] = measure.named(measure(i, j));
  };
}

std::vector<Merge> spanning_tree(std::int64_t n, const DistancesFrom& distances) {
  std::vector<Merge> edges;
  std::vector<double> least(static_cast<std::size_t>(n), std::numeric_limits<double>::infinity()),
      from_here;
  Indices nearest(static_cast<std::size_t>(n), 0), rest;
  for (std::int64_t i = 1; i < n; ++i) rest.push_back(i);
  for (std::int64_t here = 0; !rest.empty();) {
    distances(here, from_here);
    std::size_t next = 0;
    for (std::size_t at = 0; at < rest.size(); ++at) {
      const auto i = static_cast<std::size_t>(rest[at]);
      if (from_here[i] < least[i]) {
        least[i] = from_here[i];
        nearest[i] = here;
      }
      if (least[i] < least[static_cast<std::size_t>(rest[next])]) next = at;
    }
    here = rest[next];
    const auto i = static_cast<std::size_t>(here);
    edges.push_back({.a = nearest[i], .b = here, .height = least[i]});
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(next));
  }
  return edges;
}

}  // namespace metriclab
