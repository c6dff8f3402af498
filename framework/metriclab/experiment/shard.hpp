// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <metriclab/experiment/plan.hpp>
#include <set>
#include <string>
#include <string_view>
#include <tuple>

namespace metriclab {

/// One of `count` parts of an experiment, each for a runner of its own.
struct Shard {
  std::size_t index = 1;  // from 1
  std::size_t count = 1;

  /// Reads "2/8"; throws Error where it is nothing such.
  static Shard from_text(const std::string& text);
};
std::string to_string(const Shard& shard);

/// Which runs of a plan a shard makes. It depends on the spec alone: different runs, and behind
/// them searches (a method with a search space on one split of a data set), are dealt out one by
/// one in the plan's order. A search is one shard's with all its trials and final runs, since what
/// is tried next depends on results; so a run that is part of two searches, or of one and by
/// itself, may be of two shards.
class ShardRuns {
 public:
  /// Looks at what the plan has without a `Tuner`; all of its later runs may be asked for.
  ShardRuns(const Plan& plan, const Shard& shard);

  bool has(const PlannedRun& run) const;
  /// How many there are to deal out.
  static std::size_t units(const Plan& plan);

 private:
  const Spec* spec_;
  std::set<std::string> ids_;
  std::set<std::tuple<std::size_t, std::size_t, std::size_t>> searches_;
};

/// How plan.json, as another runner left it, asks for other runs than this plan does: "8 of 12 runs
/// are others, first wine, fold 1, lmnn, seed 1"; "" where it does not. Runs whose values a search
/// has found are left aside, since they depend on results.
std::string difference(const Plan& plan, const Value& stored);

}  // namespace metriclab
