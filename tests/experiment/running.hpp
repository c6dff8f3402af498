// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <fmt/format.h>

#include <boost/process.hpp>
#include <map>
#include <metriclab/plugin/value.hpp>
#include <string>
#include <vector>

#include "../cli/command.hpp"

namespace metriclab::testing {

/// A folder with a spec to run and a place for its results.
class Experiment {
 public:
  /// `methods` and what else a spec has, as JSON members; iris in four folds, or `datasets`.
  explicit Experiment(const std::string& members, const std::string& datasets = "");

  /// `metriclab run` on it, with the fixtures' folder as a plugin path.
  Outcome run(const std::string& arguments = "", const std::string& environment = "") const;
  /// The same in the background; it is killed with the object.
  boost::process::child start(const std::string& gate,
                              const std::vector<std::string>& arguments = {"--jobs", "1"}) const;
  /// Makes a FIFO for METRICLAB_TEST_GATE.
  std::string make_gate() const;
  /// Waits until a plugin has reached the gate; the process it is in.
  pid_t wait_at(const std::string& gate) const;

  std::string spec() const { return folder_ / "spec.json"; }
  std::string folder() const { return folder_.path.string(); }
  std::filesystem::path results() const { return folder_.path / "results" / "test"; }
  /// The results by "method/split/seed".
  std::map<std::string, Value> all() const;
  /// The text of each result's metrics.
  std::map<std::string, std::string> metrics() const;

 private:
  Folder folder_;
};

}  // namespace metriclab::testing
