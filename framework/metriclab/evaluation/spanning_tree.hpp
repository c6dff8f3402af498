// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <metriclab/data/examples.hpp>
#include <numeric>
#include <utility>
#include <vector>

namespace metriclab {

/// A step of agglomeration: the clusters that two points are in become one.
struct Merge {
  std::int64_t a = 0, b = 0;
  double height = 0;  // how far the two clusters were
};

/// Disjoint sets of 0 … n − 1 (Tarjan. Efficiency of a good but not linear set union algorithm.
/// Journal of the ACM 1975), by halving paths.
class Forest {
 public:
  explicit Forest(std::int64_t n) : parents_(static_cast<std::size_t>(n)) {
    std::iota(parents_.begin(), parents_.end(), 0);
  }
  /// What names the set of i: its smallest member.
  std::int64_t root(std::int64_t i) {
    while (parent(i) != i) {
      parent(i) = parent(parent(i));
      i = parent(i);
    }
    return i;
  }
  void join(std::int64_t a, std::int64_t b) {
    a = root(a);
    b = root(b);
    parent(std::max(a, b)) = std::min(a, b);
  }
  /// The number of each one's set, 0, 1, … by their first members.
  std::vector<std::int32_t> numbered() {
    std::map<std::int64_t, std::int32_t> numbers;
    std::vector<std::int32_t> result;
    for (std::size_t i = 0; i < parents_.size(); ++i) {
      const auto next = static_cast<std::int32_t>(numbers.size());
      result.push_back(numbers.emplace(root(static_cast<std::int64_t>(i)), next).first->second);
    }
    return result;
  }

 private:
  std::int64_t& parent(std::int64_t i) { return parents_[static_cast<std::size_t>(i)]; }
  std::vector<std::int64_t> parents_;
};

/// Fills in the distances from one of n points to all of them.
using DistancesFrom = std::function<void(std::int64_t i, std::vector<double>& distances)>;

/// The Euclidean ones of the rows of X, which must outlive it: those that a search finds
/// (measure.hpp).
DistancesFrom euclidean_from(const Matrix& X);

/// The n − 1 edges of the tree of all n points whose lengths have the least sum, in the order that
/// they are found from point 0 (Prim. Shortest connection networks and some generalizations. Bell
/// System Technical Journal 1957). Ties: the smallest index. O(n²) time, O(n) memory.
std::vector<Merge> spanning_tree(std::int64_t n, const DistancesFrom& distances);

}  // namespace metriclab
