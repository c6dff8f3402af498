// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/plugin/error.hpp>
#include <metriclab/report/names.hpp>
#include <metriclab/report/table_parts.hpp>
#include <numeric>
#include <set>

namespace metriclab {
namespace {

using Kind = Coordinate::Kind;
using Ids = std::vector<std::size_t>;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// What runs can differ in besides parameters, which go with their methods and data sets.
struct Dimension {
  Kind kind;
  const char* one;
  const char* several;
};
constexpr Dimension kDimensions[] = {{Kind::dataset, "data set", "data sets"},
                                     {Kind::method, "method", "methods"},
                                     {Kind::split, "split", "splits"},
                                     {Kind::seed, "seed", "seeds"},
                                     {Kind::experiment, "experiment", "experiments"}};
constexpr std::size_t kDatasetDimension = 0, kMethodDimension = 1;

std::vector<std::string> choose_metrics(const std::vector<std::string>& known,
                                        const TableOptions& options) {
  const bool chosen =
      std::any_of(options.where.begin(), options.where.end(),
                  [](const Condition& each) { return each.coordinate.kind == Kind::metric; });
  if (options.metrics.empty()) {
    if (known.empty() || chosen) return known;
    const bool usual = std::find(known.begin(), known.end(), "knn.accuracy") != known.end();
    return {usual ? "knn.accuracy" : known.front()};
  }
  Names metrics;
  for (const std::string& pattern : options.metrics) {
    bool any = false;
    for (const std::string& name : known)
      if (matches(name, pattern)) {
        metrics.add(name);
        any = true;
      }
    if (any) continue;
    throw Error(fmt::format("there is no metric \"{}\" in these results{}", pattern,
                            choices(pattern, known)));
  }
  return metrics.names;
}

void summarise(const std::vector<double>& values, Cell& cell) {
  cell.measured = static_cast<std::int64_t>(values.size());
  const auto n = static_cast<double>(values.size());
  cell.mean = values.empty() ? kNan : std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (double value : values) squares += (value - cell.mean) * (value - cell.mean);
  cell.deviation = values.size() < 2 ? kNan : std::sqrt(squares / (n - 1));
}

/// Why a run has no value, or "" where it has one.
std::string reason_of(const Record& run, const RecordedMetric* measured) {
  if (run.status == "ok" && measured != nullptr && std::isfinite(measured->value)) return "";
  std::string text = run.status, reason = run.reason;
  if (text == "out_of_memory") text = "ran out of memory";
  if (text == "timed_out") text = "timed out";
  if (text == "ok") {
    text = measured != nullptr ? "without a value" : "without this metric";
    reason = measured != nullptr ? measured->reason : "";
  }
  if (!reason.empty()) text += ": " + reason;
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return text;
}

/// "2 of 3 runs failed: …", the most frequent first.
std::vector<std::string> notes_of(const std::map<std::string, std::int64_t>& reasons,
                                  std::int64_t planned) {
  std::vector<std::pair<std::string, std::int64_t>> sorted(reasons.begin(), reasons.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> notes;
  for (const auto& [text, count] : sorted)
    notes.push_back(planned == 1 ? text : fmt::format("{} of {} runs {}", count, planned, text));
  return notes;
}

/// Makes a table of records: numbers for the values of every coordinate, cells from equal numbers.
class Builder {
 public:
  Builder(const Results& results, Table& table)
      : records_(results.records), table_(table), n_metrics_(table.metrics.size()) {
    for (const auto* axis : {&table.rows, &table.columns})
      for (const Coordinate& each : axis->coordinates)
        if (each.kind != Kind::metric) columns_.push_back(column_of(results, each));
    for (const Dimension& each : kDimensions) {
      const Coordinate coordinate =
          coordinate_from_string(coordinate_names()[static_cast<std::size_t>(each.kind)]);
      dimensions_.push_back(column_of(results, coordinate));
    }
    find_measured();
    choose_compared();
  }

  void make() {
    table_.datasets = dimensions_[kDatasetDimension].names;
    table_.methods = dimensions_[kMethodDimension].names;
    make_axis(table_.rows, 0, row_of_);
    std::size_t first = 0;
    for (const Coordinate& each : table_.rows.coordinates) first += each.kind != Kind::metric;
    make_axis(table_.columns, first, column_of_);
    make_cells();
    rank_cells();
    make_standings();
  }

 private:
  /// The values of one coordinate: names, and the number of each record's.
  struct Column {
    Coordinate coordinate;
    std::vector<std::string> names;
    Ids ids;
  };

  Column column_of(const Results& results, const Coordinate& coordinate) const {
    const CoordinateReader value_of(results, coordinate);
    Names names;
    Ids ids;
    for (const Record& record : records_) ids.push_back(names.add(value_of(record)));
    return {coordinate, std::move(names.names), std::move(ids)};
  }

  void find_measured() {
    std::unordered_map<std::string_view, std::size_t> numbers;
    for (std::size_t i = 0; i < n_metrics_; ++i) numbers.emplace(table_.metrics[i], i);
    measured_.resize(records_.size() * n_metrics_);
    for (std::size_t i = 0; i < records_.size(); ++i)
      for (const RecordedMetric& each : records_[i].measurements)
        if (const auto found = numbers.find(each.name); found != numbers.end())
          measured_[i * n_metrics_ + found->second] = &each;
  }

  void choose_compared() {
    for (const Column& each : columns_)
      if (each.coordinate.is_of_method()) table_.compared.push_back(each.coordinate);
    if (table_.compared.empty())
      for (const Column& each : columns_)
        if (each.coordinate.kind == Kind::experiment) table_.compared.push_back(each.coordinate);
  }

  bool is_compared(const Coordinate& coordinate) const {
    return std::find(table_.compared.begin(), table_.compared.end(), coordinate) !=
           table_.compared.end();
  }

  /// The values that rows or columns have, in the order of the records coordinate by coordinate,
  /// and for each record and metric which it has.
  void make_axis(Axis& axis, std::size_t first, Ids& key_of) {
    std::map<Ids, std::size_t> numbers;
    std::vector<Ids> keys(records_.size() * n_metrics_);
    for (std::size_t i = 0; i < records_.size(); ++i)
      for (std::size_t metric = 0; metric < n_metrics_; ++metric) {
        Ids& key = keys[i * n_metrics_ + metric];
        std::size_t next = first;
        for (const Coordinate& each : axis.coordinates)
          key.push_back(each.kind == Kind::metric ? metric : columns_[next++].ids[i]);
        numbers.emplace(key, 0);
      }
    for (auto& [key, number] : numbers) {
      number = axis.keys.size();
      auto& names = axis.keys.emplace_back();
      std::size_t next = first;
      for (std::size_t c = 0; c < key.size(); ++c)
        names.push_back(axis.coordinates[c].kind == Kind::metric ? table_.metrics[key[c]]
                                                                 : columns_[next++].names[key[c]]);
    }
    for (const Ids& key : keys) key_of.push_back(numbers.at(key));
  }

  void make_cells() {
    table_.cells.resize(table_.rows.keys.size() * table_.columns.keys.size());
    std::vector<Ids> runs(table_.cells.size());  // record × metric
    for (std::size_t i = 0; i < row_of_.size(); ++i)
      runs[row_of_[i] * table_.columns.keys.size() + column_of_[i]].push_back(i);
    std::map<Ids, std::size_t> groups;
    for (std::size_t i = 0; i < runs.size(); ++i)
      if (!runs[i].empty()) make_cell(table_.cells[i], runs[i], groups);
  }

  void make_cell(Cell& cell, const Ids& runs, std::map<Ids, std::size_t>& groups) {
    cell.planned = static_cast<std::int64_t>(runs.size());
    std::vector<double> values;
    std::map<std::string, std::int64_t> reasons;
    std::set<std::size_t> datasets;
    for (std::size_t run : runs) {
      const Record& record = records_[run / n_metrics_];
      ++cell.status[record.status];
      datasets.insert(dimensions_[kDatasetDimension].ids[run / n_metrics_]);
      const std::string reason = reason_of(record, measured_[run]);
      if (reason.empty())
        values.push_back(measured_[run]->value);
      else
        ++reasons[reason];
    }
    summarise(values, cell);
    cell.notes = notes_of(reasons, cell.planned);
    cell.datasets = static_cast<std::int64_t>(datasets.size());

    Ids place = {runs.front() % n_metrics_};
    std::vector<std::string> names;
    for (const Column& each : columns_)
      if (!is_compared(each.coordinate)) {
        place.push_back(each.ids[runs.front() / n_metrics_]);
        names.push_back(each.names[place.back()]);
      }
    const auto [found, fresh] = groups.emplace(place, table_.groups.size());
    cell.group = found->second;
    if (fresh) table_.groups.push_back({.metric = place.front(), .place = std::move(names)});
    Group& group = table_.groups[cell.group];
    group.datasets = std::max(group.datasets, cell.datasets);
    if (cell.planned <= group.usual_runs) return;
    group.usual_runs = cell.planned;
    group.over = over_text(runs);
  }

  /// "2 data sets", "3 to 5 splits": of what is in neither rows nor columns, how many values there
  /// are for each combination of what stands before it.
  std::vector<std::string> over_text(const Ids& runs) const {
    std::vector<std::string> over;
    std::vector<Ids> before(runs.size());
    for (std::size_t i = 0; i < dimensions_.size(); ++i) {
      std::map<Ids, std::set<std::size_t>> values;
      for (std::size_t k = 0; k < runs.size(); ++k) {
        const std::size_t id = dimensions_[i].ids[runs[k] / n_metrics_];
        values[before[k]].insert(id);
        before[k].push_back(id);
      }
      std::size_t least = runs.size(), most = 0;
      for (const auto& [place, ids] : values) {
        least = std::min(least, ids.size());
        most = std::max(most, ids.size());
      }
      if (most < 2) continue;
      over.push_back(least == most
                         ? fmt::format("{} {}", most, kDimensions[i].several)
                         : fmt::format("{} to {} {}", least, most, kDimensions[i].several));
    }
    return over;
  }

  void rank_cells() {
    if (table_.compared.empty()) return;
    std::vector<std::vector<Cell*>> complete(table_.groups.size());
    for (Cell& cell : table_.cells)
      if (cell.complete() && cell.datasets == table_.groups[cell.group].datasets)
        complete[cell.group].push_back(&cell);
    for (std::size_t group = 0; group < complete.size(); ++group) {
      std::vector<double> values;
      for (const Cell* cell : complete[group]) values.push_back(cell->mean);
      const std::vector<double> ranks =
          ranks_of(values, table_.better[table_.groups[group].metric]);
      const std::set<double> places(ranks.begin(), ranks.end());
      for (std::size_t i = 0; i < ranks.size(); ++i) {
        Cell& cell = *complete[group][i];
        cell.rank = ranks[i];
        cell.best = places.size() > 1 && ranks[i] == *places.begin();
        cell.second = places.size() > 2 && ranks[i] == *std::next(places.begin());
      }
    }
  }

  /// Methods are compared on each data set, and on each value of what else is no part of a method
  /// but in rows or columns.
  void make_standings() {
    std::map<Ids, std::size_t> methods, problems;
    std::vector<const Column*> compared, others = {&dimensions_[kDatasetDimension]};
    table_.problems_are = {kDimensions[kDatasetDimension].one};
    for (const Column& each : columns_) {
      if (is_compared(each.coordinate))
        compared.push_back(&each);
      else if (each.coordinate.kind != Kind::dataset)
        others.push_back(&each);
    }
    for (std::size_t i = 1; i < others.size(); ++i)
      table_.problems_are.push_back(others[i]->coordinate.text);
    const auto number = [](const std::vector<const Column*>& columns, std::size_t record,
                           std::map<Ids, std::size_t>& numbers) {
      Ids key;
      for (const Column* each : columns) key.push_back(each->ids[record]);
      return numbers.emplace(std::move(key), numbers.size());
    };
    Ids method_of_record, problem_of_record;
    for (std::size_t i = 0; i < records_.size() && !compared.empty(); ++i) {
      const auto [method, fresh] = number(compared, i, methods);
      method_of_record.push_back(method->second);
      problem_of_record.push_back(number(others, i, problems).first->second);
      if (!fresh) continue;
      auto& names = table_.contestants.emplace_back();
      for (const Column* each : compared) names.push_back(each->names[each->ids[i]]);
    }
    for (std::size_t metric = 0; metric < n_metrics_; ++metric) {
      std::vector<std::vector<double>> sums(methods.size(), std::vector(problems.size(), 0.0));
      auto counts = sums;
      for (std::size_t i = 0; i < method_of_record.size(); ++i) {
        const RecordedMetric* measured = measured_[i * n_metrics_ + metric];
        const bool there = records_[i].status == "ok" && measured != nullptr;
        sums[method_of_record[i]][problem_of_record[i]] += there ? measured->value : kNan;
        ++counts[method_of_record[i]][problem_of_record[i]];
      }
      // No runs: 0/0; a run without a value: NaN.
      for (std::size_t i = 0; i < sums.size(); ++i)
        for (std::size_t j = 0; j < sums[i].size(); ++j) sums[i][j] /= counts[i][j];
      table_.standings.push_back(standings_of(std::move(sums), table_.better[metric]));
    }
  }

  const std::vector<Record>& records_;
  Table& table_;
  std::size_t n_metrics_;
  std::vector<Column> columns_;  // of the rows' coordinates, then the columns', without metrics
  std::vector<Column> dimensions_;
  std::vector<const RecordedMetric*> measured_;  // (record × metric), null where there is none
  Ids row_of_, column_of_;                       // (record × metric)
};

}  // namespace

const Cell& Table::cell(std::size_t metric, std::size_t dataset, std::size_t method) const {
  METRICLAB_CHECK(
      rows.keys.size() == methods.size() && columns.keys.size() == datasets.size() * metrics.size(),
      "a table of other rows and columns was asked for methods and data sets");
  return cell(method, dataset * metrics.size() + metric);
}

ReadOptions reading(const TableOptions& options) {
  const auto [rows, columns] = axes_of(options, 1);
  std::vector<Coordinate> all = rows;
  all.insert(all.end(), columns.begin(), columns.end());
  ReadOptions reads = reading(all, options.where);
  reads.trials = options.trials;
  return reads;
}

Table make_table(const Results& results, const TableOptions& options) {
  const Results some = options.where.empty() ? Results() : filter(results, options.where);
  const Results& kept = options.where.empty() ? results : some;
  Table table;
  table.experiments = kept.experiments;
  table.left_out = kept.left_out;
  table.problems = kept.problems;
  table.notes = kept.notes;
  for (const Condition& each : options.where) table.where.push_back(each.text);
  table.metrics = choose_metrics(kept.metrics, options);
  for (const std::string& metric : table.metrics) table.better.push_back(kept.better.at(metric));
  std::tie(table.rows.coordinates, table.columns.coordinates) =
      axes_of(options, table.metrics.size());
  // Without any metric there are still rows and columns, to say how runs ended.
  const bool nothing = table.metrics.empty();
  if (nothing) {
    table.metrics = {""};
    table.better = {Better::neither};
  }
  Builder(kept, table).make();
  if (nothing) {
    table.metrics.clear();
    table.better.clear();
    table.standings.clear();
  }
  sort_table(table, options);
  if (!options.against.empty()) table.against = method_named(table, options.against);
  table.pairs = options.pairs;
  return table;
}

std::string table_text(const std::filesystem::path& results_folder, const TableOptions& options) {
  return render(make_table(read_results({results_folder}, reading(options)), options), options);
}

}  // namespace metriclab
