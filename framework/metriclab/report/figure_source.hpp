// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/report/figures.hpp>
#include <metriclab/report/run_details.hpp>
#include <metriclab/report/table.hpp>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace metriclab {

/// What figures are made of: the runs that are done and fit the conditions.
class FigureSource {
 public:
  FigureSource(const Results& results, const FigureOptions& options);

  struct Run {
    const Record* record = nullptr;
    std::size_t dataset = 0, method = 0;  // of `table`
  };

  const Table& table() const { return table_; }  // by metric, data set and method
  const Results& results() const { return results_; }
  const std::vector<Run>& runs() const { return runs_; }
  bool trials() const { return trials_; }
  /// Of a run by number, read when first asked for.
  const RunDetails& details(std::size_t run) const;
  /// NaN where the run has none.
  static double value_of(const Record& record, const std::string& metric);

 private:
  Results results_;
  Table table_;
  bool trials_;
  std::vector<Run> runs_;
  mutable std::vector<std::optional<RunDetails>> details_;
};

/// Mean and standard deviation at a place of an axis.
struct Averaged {
  double x = 0, mean = 0, deviation = 0;  // deviation NaN below two runs
  std::size_t n = 0;
};
Averaged averaged(double x, const std::vector<double>& values);
/// Adds a point with its band.
void add_point(Series& series, const Averaged& point, std::string label = "");

/// "mean over 5 splits and 3 seeds", of those that a data set's runs have.
std::string mean_over(const FigureSource& source, std::optional<std::size_t> dataset);

// The figures of each kind; their names need not be unique yet.
std::vector<Figure> learning_curves(const FigureSource& source);
std::vector<Figure> evaluators_curves(const FigureSource& source);
std::vector<Figure> roc_curves(const FigureSource& source);
std::vector<Figure> det_curves(const FigureSource& source);
std::vector<Figure> parameter_figures(const FigureSource& source);
std::vector<Figure> pareto_figures(const FigureSource& source);
std::vector<Figure> dot_figures(const FigureSource& source);

/// Those that no other one beats or equals in both and beats in one, by the cost from the least on;
/// of such that are equal in both all. `cost` is better lower. Not of NaN. O(n log n).
std::vector<std::size_t> pareto_front(const std::vector<double>& cost,
                                      const std::vector<double>& value, Better better);

/// The value of a ROC curve, or one like it, at a rate: linear between its points, and the last of
/// those at the same rate. NaN before its first point. Fawcett 2006, algorithm 3. O(log n).
double value_at(const RecordedCurve& curve, double rate);

}  // namespace metriclab
