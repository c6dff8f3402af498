// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <map>
#include <metriclab/experiment/runner.hpp>
#include <string>

namespace metriclab {

/// Shows how runs go, on stderr: one line that is rewritten, with the time left; or a plain line
/// now and then. A run that ends otherwise than well gets a line of its own, a reason that many
/// runs share is told once.
class ProgressLine {
 public:
  /// `rewritten`: whether it is one line that is drawn anew, or a line now and then.
  ProgressLine(const Plan& plan, bool rewritten);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const Progress& now);

 private:
  using Clock = std::chrono::steady_clock;
  void tell_ended(const Progress& now);
  static int percent(const Progress& now);
  std::string line(const Progress& now) const;
  void clear();

  const Plan& plan_;
  bool rewritten_;
  bool drawn_ = false;
  Clock::time_point shown_;
  int shown_percent_ = -1;
  std::map<std::string, std::size_t> reasons_;  // how often each was the reason
  std::size_t wrong_ = 0;
};

/// "8 s", "3 min 05 s", "2 h 10 min".
std::string duration_text(double seconds);
/// "wine, fold 2, lmnn, seed 1".
std::string run_text(const Plan& plan, const PlannedRun& run);

}  // namespace metriclab
