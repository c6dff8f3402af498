// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <metriclab/evaluation/matching.hpp>
#include <metriclab/plugin/error.hpp>
#include <queue>
#include <utility>
#include <vector>

namespace metriclab {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

struct Table {
  Table(std::span<const std::int32_t> classes, std::span<const std::int32_t> clusters) {
    METRICLAB_CHECK(classes.size() == clusters.size(), "classes and clusters of different sets");
    for (std::size_t i = 0; i < classes.size(); ++i) {
      ++of_class[classes[i]];
      ++of_cluster[clusters[i]];
      ++both[{classes[i], clusters[i]}];
    }
  }
  std::map<std::int32_t, std::int64_t> of_class, of_cluster;
  std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> both;
};

/// Rows matched to columns so that the cost is least: one column for each row.
class Matching {
 public:
  struct Edge {
    std::size_t column;
    std::int64_t cost;
  };

  Matching(std::vector<std::vector<Edge>> rows, std::size_t columns)
      : rows_(std::move(rows)),
        of_row_(rows_.size(), 0),
        of_column_(columns, 0),
        row_at_(columns, kNone),
        from_(columns, kNone),
        distance_(columns, kFar),
        settled_(columns, false) {
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      of_row_[row] = kFar;
      for (const Edge& edge : rows_[row]) of_row_[row] = std::min(of_row_[row], edge.cost);
    }
    for (std::size_t row = 0; row < rows_.size(); ++row) augment(row);
  }

  std::int64_t cost() const {
    std::int64_t sum = 0;
    for (std::size_t row = 0; row < rows_.size(); ++row)
      for (const Edge& edge : rows_[row])
        if (row_at_[edge.column] == row) sum += edge.cost;
    return sum;
  }

 private:
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  static constexpr std::int64_t kFar = std::numeric_limits<std::int64_t>::max();

  /// Dijkstra's search from a row for the nearest free column, by costs less potentials, which are
  /// never negative.
  void augment(std::size_t start) {
    using Entry = std::pair<std::int64_t, std::size_t>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open;
    std::vector<std::size_t> seen, settled;
    std::size_t row = start, column = kNone;
    std::int64_t length = 0;
    for (;;) {
      for (const Edge& edge : rows_[row]) {
        const std::int64_t through = length + edge.cost - of_row_[row] - of_column_[edge.column];
        if (settled_[edge.column] || through >= distance_[edge.column]) continue;
        if (distance_[edge.column] == kFar) seen.push_back(edge.column);
        distance_[edge.column] = through;
        from_[edge.column] = row;
        open.emplace(through, edge.column);
      }
      do {
        METRICLAB_CHECK(!open.empty(), "a row that no column is left for");
        std::tie(length, column) = open.top();
        open.pop();
      } while (settled_[column]);
      settled_[column] = true;
      if (row_at_[column] == kNone) break;
      settled.push_back(column);
      row = row_at_[column];
    }
    of_row_[start] += length;
    for (std::size_t at : settled) {
      of_row_[row_at_[at]] += length - distance_[at];
      of_column_[at] -= length - distance_[at];
    }
    for (std::size_t at : seen) {
      distance_[at] = kFar;
      settled_[at] = false;
    }
    for (row = kNone; row != start;) {
      row = from_[column];
      std::size_t next = kNone;
      for (const Edge& edge : rows_[row])
        if (row_at_[edge.column] == row) next = edge.column;
      row_at_[column] = row;
      column = next;
    }
  }

  std::vector<std::vector<Edge>> rows_;
  std::vector<std::int64_t> of_row_, of_column_;  // potentials
  std::vector<std::size_t> row_at_, from_;
  std::vector<std::int64_t> distance_;
  std::vector<bool> settled_;
};

}  // namespace

double pairwise_f1(std::span<const std::int32_t> classes, std::span<const std::int32_t> clusters) {
  const Table is(classes, clusters);
  const auto pairs = [](const auto& sizes) {
    double sum = 0;
    for (const auto& [of, size] : sizes)
      sum += 0.5 * static_cast<double>(size) * static_cast<double>(size - 1);
    return sum;
  };
  const double either = pairs(is.of_class) + pairs(is.of_cluster);
  return either > 0 ? 2 * pairs(is.both) / either : kUndefined;
}

double purity(std::span<const std::int32_t> classes, std::span<const std::int32_t> clusters) {
  if (classes.empty()) return kUndefined;
  std::map<std::int32_t, std::int64_t> most;
  for (const auto& [at, count] : Table(classes, clusters).both)
    most[at.second] = std::max(most[at.second], count);
  std::int64_t sum = 0;
  for (const auto& [cluster, count] : most) sum += count;
  return static_cast<double>(sum) / static_cast<double>(classes.size());
}

double matched_accuracy(std::span<const std::int32_t> classes,
                        std::span<const std::int32_t> clusters) {
  if (classes.empty()) return kUndefined;
  const Table is(classes, clusters);
  std::map<std::int32_t, std::size_t> columns;
  for (const auto& [cluster, size] : is.of_cluster) columns.emplace(cluster, columns.size());
  std::vector<std::vector<Matching::Edge>> rows;
  for (auto at = is.both.begin(); at != is.both.end();) {
    const std::int32_t label = at->first.first;
    // A column of its own, where the class stays alone.
    rows.push_back({{.column = columns.size() + rows.size(), .cost = 0}});
    for (; at != is.both.end() && at->first.first == label; ++at)
      rows.back().push_back({.column = columns.at(at->first.second), .cost = -at->second});
  }
  const std::size_t n_columns = columns.size() + rows.size();
  const Matching matching(std::move(rows), n_columns);
  return static_cast<double>(-matching.cost()) / static_cast<double>(classes.size());
}

}  // namespace metriclab
