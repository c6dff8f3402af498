// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <metriclab/report/sheet.hpp>
#include <unordered_map>

namespace metriclab {
namespace {

/// Four figures of the largest number of a data set's cells; a share of one gets four decimals.
int decimals(const Table& table, std::size_t metric, std::size_t dataset) {
  double most = 0;
  for (std::size_t method = 0; method < table.methods.size(); ++method)
    if (const double mean = table.cell(metric, dataset, method).mean; std::isfinite(mean))
      most = std::max(most, std::abs(mean));
  if (most <= 1) return 4;
  return std::max(0, 3 - static_cast<int>(std::floor(std::log10(most))));
}

const char* said_better(Better better) {
  switch (better) {
    case Better::higher:
      return " (higher is better)";
    case Better::lower:
      return " (lower is better)";
    case Better::neither:
      break;
  }
  return "";
}

class Layout {
 public:
  Layout(const Table& table, bool datasets_as_rows)
      : table_(table), transposed_(datasets_as_rows) {}

  Sheet make() {
    sheet_.title = fmt::format("{}", fmt::join(table_.experiments, ", "));
    const auto& groups = transposed_ ? table_.methods : table_.datasets;
    sheet_.rows = transposed_ ? table_.datasets : table_.methods;
    const bool several = table_.metrics.size() > 1;
    for (const std::string& group : groups)
      for (const std::string& metric : table_.metrics)
        sheet_.columns.push_back({group, several ? metric : ""});
    for (std::size_t row = 0; row < sheet_.rows.size(); ++row) {
      auto& line = sheet_.entries.emplace_back();
      for (std::size_t group = 0; group < groups.size(); ++group)
        for (std::size_t metric = 0; metric < table_.metrics.size(); ++metric)
          line.push_back(transposed_ ? entry(metric, row, group) : entry(metric, group, row));
    }
    add_ranks();
    describe();
    remark();
    return std::move(sheet_);
  }

 private:
  Entry entry(std::size_t metric, std::size_t dataset, std::size_t method) {
    const Cell& cell = table_.cell(metric, dataset, method);
    Entry entry;
    if (cell.planned == 0) return entry;
    for (const std::string& note : cell.notes) entry.notes.push_back(footnote(note));
    if (cell.measured == 0) {
      entry.value = "no value";
      std::int64_t most = 0;
      for (const auto& [status, count] : cell.status)
        if (status != "ok" && count > most) {
          entry.value = status;
          most = count;
        }
      std::replace(entry.value.begin(), entry.value.end(), '_', ' ');
      return entry;
    }
    any_best_ |= entry.best = cell.best;
    const int digits = decimals(table_, metric, dataset);
    entry.value = fmt::format("{:.{}f}", cell.mean, digits);
    if (std::isfinite(cell.deviation)) {
      entry.deviation = fmt::format("{:.{}f}", cell.deviation, digits);
      any_deviation_ = true;
    }
    if (cell.complete() && cell.planned != usual_runs(dataset))
      entry.notes.push_back(
          footnote(fmt::format("over {} run{}", cell.planned, cell.planned == 1 ? "" : "s")));
    return entry;
  }

  std::int64_t usual_runs(std::size_t dataset) const {
    std::int64_t most = 0;
    for (std::size_t method = 0; method < table_.methods.size(); ++method)
      if (!table_.metrics.empty()) most = std::max(most, table_.cell(0, dataset, method).planned);
    return most;
  }

  std::size_t footnote(const std::string& text) {
    const auto [place, fresh] = numbers_.emplace(text, sheet_.footnotes.size() + 1);
    if (fresh) sheet_.footnotes.push_back(text);
    return place->second;
  }

  void add_ranks() {
    const bool several = table_.metrics.size() > 1;
    bool any = false;
    std::vector<std::vector<Entry>> ranks(table_.methods.size());  // by method, then metric
    for (const AverageRanks& average : table_.average_ranks) {
      std::vector<double> there;
      for (const auto& rank : average.ranks)
        if (rank) there.push_back(*rank);
      any |= !there.empty();
      const std::vector<double> places = ranks_of(there, Better::lower);
      double first = 0, last = 0;
      if (!places.empty()) {
        first = *std::min_element(places.begin(), places.end());
        last = *std::max_element(places.begin(), places.end());
      }
      std::size_t next = 0;
      for (std::size_t method = 0; method < table_.methods.size(); ++method) {
        Entry& entry = ranks[method].emplace_back();
        if (!average.ranks[method]) continue;
        entry.value = fmt::format("{:.2f}", *average.ranks[method]);
        entry.best = places[next] == first && first < last;
        ++next;
      }
    }
    if (!any) return;
    if (!transposed_) {
      for (const std::string& metric : table_.metrics)
        sheet_.columns.push_back({"rank", several ? metric : ""});
      for (std::size_t method = 0; method < ranks.size(); ++method)
        sheet_.entries[method].insert(sheet_.entries[method].end(), ranks[method].begin(),
                                      ranks[method].end());
    } else {
      auto& line = sheet_.entries.emplace_back();
      for (const auto& of_method : ranks)
        line.insert(line.end(), of_method.begin(), of_method.end());
      sheet_.rows.push_back("rank");
      sheet_.rank_rows = 1;
    }
    for (std::size_t metric = 0; metric < table_.metrics.size(); ++metric) {
      if (table_.better[metric] == Better::neither) continue;
      const std::int64_t over = table_.average_ranks[metric].datasets;
      const auto all = static_cast<std::int64_t>(table_.datasets.size());
      std::string text =
          fmt::format("rank{}: mean over {} data sets, 1 the best, ties sharing theirs",
                      several ? " by " + table_.metrics[metric] : "", over);
      if (over < all) text += fmt::format("; {} more lack values of some method", all - over);
      if (over < 2)
        text = fmt::format("rank by {}: too few data sets with values of all methods",
                           table_.metrics[metric]);
      rank_text_.push_back(std::move(text));
    }
  }

  void describe() {
    std::string metrics;
    for (std::size_t metric = 0; metric < table_.metrics.size(); ++metric)
      metrics += fmt::format("{}{}{}", metric > 0 ? ", " : "", table_.metrics[metric],
                             said_better(table_.better[metric]));
    if (metrics.empty()) metrics = "no metric yet: no run has been measured";
    if (any_deviation_) metrics += "; mean ± standard deviation";
    sheet_.description.push_back(metrics);
    bool same = true;
    for (std::size_t dataset = 1; dataset < table_.datasets.size(); ++dataset)
      same &=
          table_.runs_over[dataset] == table_.runs_over[0] && usual_runs(dataset) == usual_runs(0);
    if (table_.metrics.empty() || table_.datasets.empty()) return;
    if (same && usual_runs(0) == 1) return;
    std::string runs;
    if (same) {
      runs = fmt::format("runs a cell: {}", over_text(0));
    } else {
      for (std::size_t dataset = 0; dataset < table_.datasets.size(); ++dataset)
        runs +=
            fmt::format("{}{} {}", dataset > 0 ? ", " : "runs a cell: ", table_.datasets[dataset],
                        over_text(dataset));
    }
    sheet_.description.push_back(runs);
  }

  /// "5 splits", "15 (5 splits × 3 seeds)"; the number alone where nothing varies.
  std::string over_text(std::size_t dataset) const {
    const auto& over = table_.runs_over[dataset];
    const std::int64_t runs = usual_runs(dataset);
    if (over.empty()) return fmt::format("{}", runs);
    if (over.size() == 1 && over[0].starts_with(fmt::format("{} ", runs))) return over[0];
    return fmt::format("{} ({})", runs, fmt::join(over, " × "));
  }

  void remark() {
    sheet_.remarks = rank_text_;
    if (table_.left_out > 0)
      sheet_.remarks.push_back(
          fmt::format("left out: {} result{} that the present spec doesn't name", table_.left_out,
                      table_.left_out == 1 ? "" : "s"));
    for (const std::string& problem : table_.problems)
      sheet_.remarks.push_back("not read: " + problem);
    sheet_.remarks.insert(sheet_.remarks.end(), table_.notes.begin(), table_.notes.end());
  }

  const Table& table_;
  bool transposed_;
  Sheet sheet_;
  bool any_best_ = false, any_deviation_ = false;
  std::unordered_map<std::string, std::size_t> numbers_;
  std::vector<std::string> rank_text_;
};

}  // namespace

Sheet lay_out(const Table& table, bool datasets_as_rows) {
  return Layout(table, datasets_as_rows).make();
}

}  // namespace metriclab
