// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <metriclab/experiment/plan.hpp>
#include <optional>
#include <utility>

namespace metriclab {

/// What runs cost, told by those that have ended: of the same data set and method, else of the same
/// method, else of any.
class RunCosts {
 public:
  /// `memory` in MiB, 0 where it is not known.
  void add(const PlannedRun& run, double seconds, double memory);
  std::optional<double> seconds(const PlannedRun& run) const;
  /// The most that such a run took; 0 where none is known.
  double memory(const PlannedRun& run) const;
  /// Whether a run of the same data set and method has ended.
  bool knows(const PlannedRun& run) const { return cells_.contains({run.dataset, run.method}); }

 private:
  struct Cost {
    double seconds = 0, memory = 0;  // the sum, and the most
    int count = 0;
    double mean() const { return seconds / count; }
  };
  std::map<std::pair<std::size_t, std::size_t>, Cost> cells_;
  std::map<std::size_t, Cost> methods_;
  Cost all_;
};

}  // namespace metriclab
