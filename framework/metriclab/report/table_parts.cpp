// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <metriclab/plugin/error.hpp>
#include <metriclab/report/names.hpp>
#include <metriclab/report/table_parts.hpp>
#include <numeric>

namespace metriclab {
namespace {

using Kind = Coordinate::Kind;

constexpr std::array<std::string_view, 4> kOrderNames = {"spec", "name", "mean", "rank"};

bool has(const std::vector<Coordinate>& coordinates, const Coordinate& coordinate) {
  return std::find(coordinates.begin(), coordinates.end(), coordinate) != coordinates.end();
}

/// An axis's keys as they stand to each other in an order by numbers.
class Ordering {
 public:
  Ordering(const Table& table, bool rows, TableOrder order)
      : table_(table), rows_(rows), axis_(rows ? table.rows : table.columns) {
    while (same_place_ < axis_.coordinates.size() &&
           !has(table.compared, axis_.coordinates[same_place_]))
      ++same_place_;
    // Without anything compared here the keys themselves are put in order.
    if (same_place_ == axis_.coordinates.size()) same_place_ = 0;
    for (const auto& key : axis_.keys) {
      places_.push_back(place_numbers_.add(
          joined({key.begin(), key.begin() + static_cast<std::ptrdiff_t>(same_place_)})));
      sorted_.push_back(sorted_numbers_.add(joined(sorted_part(key))));
    }
    score_.assign(sorted_numbers_.names.size(), std::numeric_limits<double>::quiet_NaN());
    incomplete_.assign(score_.size(), false);
    if (order == TableOrder::mean)
      take_means();
    else
      take_ranks();
  }

  bool less(std::size_t a, std::size_t b) const {
    if (places_[a] != places_[b]) return places_[a] < places_[b];
    const std::size_t x = sorted_[a], y = sorted_[b];
    if (x == y) return a < b;
    const auto last = [&](std::size_t i) { return incomplete_[i] || !std::isfinite(score_[i]); };
    if (last(x) != last(y)) return last(y);
    if (std::isfinite(score_[x]) && std::isfinite(score_[y]) && score_[x] != score_[y])
      return score_[x] < score_[y];
    return x < y;
  }

 private:
  static std::string joined(const std::vector<std::string>& names) {
    return fmt::format("{}", fmt::join(names, "\n"));
  }

  /// What is sorted of a key: where it is (data set, split), and what is compared.
  std::vector<std::string> sorted_part(const std::vector<std::string>& key) const {
    std::vector<std::string> part;
    const bool compared = std::any_of(axis_.coordinates.begin(), axis_.coordinates.end(),
                                      [&](const Coordinate& c) { return has(table_.compared, c); });
    for (std::size_t c = 0; c < key.size(); ++c) {
      const Coordinate& coordinate = axis_.coordinates[c];
      if (compared ? c < same_place_ || has(table_.compared, coordinate)
                   : coordinate.kind != Kind::metric)
        part.push_back(key[c]);
    }
    return part;
  }

  void take_means() {
    std::vector<double> sums(score_.size(), 0.0), counts(score_.size(), 0.0);
    if (table_.metrics.empty()) return;
    for (std::size_t row = 0; row < table_.rows.keys.size(); ++row)
      for (std::size_t column = 0; column < table_.columns.keys.size(); ++column) {
        const Cell& cell = table_.cell(row, column);
        if (cell.planned == 0 || table_.groups[cell.group].metric != 0) continue;
        const std::size_t i = sorted_[rows_ ? row : column];
        if (!cell.complete()) incomplete_[i] = true;
        if (!std::isfinite(cell.mean)) continue;
        sums[i] += cell.mean;
        counts[i] += 1;
      }
    // The least score comes first.
    const double sign = table_.better[0] == Better::lower ? 1 : -1;
    for (std::size_t i = 0; i < sums.size(); ++i) score_[i] = sign * sums[i] / counts[i];
  }

  void take_ranks() {
    for (const Coordinate& each : table_.compared)
      if (!has(axis_.coordinates, each))
        throw Error(fmt::format("{} can't be sorted by rank: they don't have {}, which is ranked",
                                rows_ ? "rows" : "columns", each.text));
    if (table_.compared.empty())
      throw Error(
          fmt::format("{} can't be sorted by rank: nothing is ranked where neither rows "
                      "nor columns have methods",
                      rows_ ? "rows" : "columns"));
    if (table_.metrics.empty()) return;
    for (std::size_t i = 0; i < axis_.keys.size(); ++i) {
      const std::vector<std::string> method =
          rows_ ? method_in(table_, i, 0) : method_in(table_, 0, i);
      const auto found = std::find(table_.contestants.begin(), table_.contestants.end(), method);
      if (const auto& rank =
              table_.standings[0]
                  .ranks[static_cast<std::size_t>(found - table_.contestants.begin())])
        score_[sorted_[i]] = *rank;
    }
  }

  const Table& table_;
  bool rows_;
  const Axis& axis_;
  std::size_t same_place_ = 0;  // so many coordinates at the front stay as they are
  Names place_numbers_, sorted_numbers_;
  std::vector<std::size_t> places_, sorted_;  // by key
  std::vector<double> score_;                 // by number of what is sorted
  std::vector<bool> incomplete_;
};

std::vector<std::size_t> order_of(const Table& table, bool rows, TableOrder order) {
  const Axis& axis = rows ? table.rows : table.columns;
  std::vector<std::size_t> places(axis.keys.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  if (order == TableOrder::mean || order == TableOrder::rank) {
    const Ordering scores(table, rows, order);
    std::sort(places.begin(), places.end(),
              [&](std::size_t a, std::size_t b) { return scores.less(a, b); });
  }
  if (order != TableOrder::name) return places;
  std::stable_sort(places.begin(), places.end(), [&](std::size_t a, std::size_t b) {
    for (std::size_t c = 0; c < axis.coordinates.size(); ++c) {
      const std::string &one = axis.keys[a][c], &other = axis.keys[b][c];
      // Metrics stay in the order in which they were asked for.
      if (axis.coordinates[c].kind == Kind::metric || one == other) continue;
      return natural_less(one, other);
    }
    return a < b;
  });
  return places;
}

/// Methods in the order in which rows and columns have them.
void sort_methods(Table& table) {
  std::map<std::vector<std::string>, std::size_t> numbers;
  for (std::size_t i = 0; i < table.contestants.size(); ++i)
    numbers.emplace(table.contestants[i], i);
  std::vector<std::size_t> order;
  std::vector<bool> met(table.contestants.size(), false);
  for (std::size_t row = 0; row < table.rows.keys.size(); ++row)
    for (std::size_t column = 0; column < table.columns.keys.size(); ++column) {
      if (table.cell(row, column).planned == 0) continue;
      const std::size_t method = numbers.at(method_in(table, row, column));
      if (!met[method]) order.push_back(method);
      met[method] = true;
    }
  const auto sort = [&order](auto& list) {
    auto sorted = list;
    for (std::size_t i = 0; i < order.size(); ++i) sorted[i] = std::move(list[order[i]]);
    list = std::move(sorted);
  };
  sort(table.contestants);
  for (Standings& standings : table.standings) {
    sort(standings.ranks);
    sort(standings.means);
  }
}

}  // namespace

std::vector<std::string> table_order_names() { return {kOrderNames.begin(), kOrderNames.end()}; }

TableOrder table_order_from_string(std::string_view name) {
  const auto found = std::find(kOrderNames.begin(), kOrderNames.end(), name);
  if (found == kOrderNames.end())
    throw Error(
        fmt::format("there is no order \"{}\"{}", name, suggestion(name, table_order_names())));
  return static_cast<TableOrder>(found - kOrderNames.begin());
}

std::pair<std::vector<Coordinate>, std::vector<Coordinate>> axes_of(const TableOptions& options,
                                                                    std::size_t n_metrics) {
  const auto named = [](const char* name) { return coordinate_from_string(name); };
  auto rows = options.rows, columns = options.columns;
  if (rows.empty()) rows = {named(has(columns, named("method")) ? "dataset" : "method")};
  if (columns.empty()) {
    columns = {named("dataset")};
    if (has(rows, columns[0])) columns = {named(has(rows, named("method")) ? "metric" : "method")};
  }
  if (n_metrics > 1 && !has(rows, named("metric")) && !has(columns, named("metric")))
    columns.push_back(named("metric"));
  std::vector<Coordinate> all;
  for (const auto* axis : {&rows, &columns})
    for (const Coordinate& each : *axis) {
      if (has(all, each))
        throw Error(fmt::format("\"{}\" is named twice in rows and columns", each.text));
      all.push_back(each);
    }
  return {rows, columns};
}

std::vector<std::string> method_in(const Table& table, std::size_t row, std::size_t column) {
  std::vector<std::string> method;
  for (const Coordinate& each : table.compared)
    for (const auto& [axis, number] :
         {std::pair{&table.rows, row}, std::pair{&table.columns, column}}) {
      const auto found = std::find(axis->coordinates.begin(), axis->coordinates.end(), each);
      if (found != axis->coordinates.end())
        method.push_back(
            axis->keys[number][static_cast<std::size_t>(found - axis->coordinates.begin())]);
    }
  return method;
}

void sort_table(Table& table, const TableOptions& options) {
  const std::vector<std::size_t> rows = order_of(table, true, options.row_order),
                                 columns = order_of(table, false, options.column_order);
  Table sorted = table;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    sorted.rows.keys[i] = table.rows.keys[rows[i]];
    for (std::size_t j = 0; j < columns.size(); ++j)
      sorted.cells[i * columns.size() + j] = table.cell(rows[i], columns[j]);
  }
  for (std::size_t j = 0; j < columns.size(); ++j)
    sorted.columns.keys[j] = table.columns.keys[columns[j]];
  table = std::move(sorted);
  if (!table.compared.empty()) sort_methods(table);
}

std::string label_of(const std::vector<std::string>& method) {
  std::vector<std::string> names;
  for (const std::string& each : method) names.push_back(each.empty() ? "–" : each);
  return fmt::format("{}", fmt::join(names, ", "));
}

std::size_t method_named(const Table& table, const std::string& name) {
  std::vector<std::string> labels;
  std::vector<std::size_t> having;
  for (std::size_t i = 0; i < table.contestants.size(); ++i) {
    labels.push_back(label_of(table.contestants[i]));
    if (labels.back() == name) return i;
    if (std::find(table.contestants[i].begin(), table.contestants[i].end(), name) !=
        table.contestants[i].end())
      having.push_back(i);
  }
  if (having.size() == 1) return having[0];
  if (labels.empty())
    throw Error("nothing can be counted against a method where neither rows nor columns have any");
  if (having.empty())
    throw Error(
        fmt::format("there is no method \"{}\" to count against{}", name, choices(name, labels)));
  throw Error(fmt::format("\"{}\" is said of {} rows or columns; write one of \"{}\" and \"{}\"",
                          name, having.size(), labels[having[0]], labels[having[1]]));
}

}  // namespace metriclab
