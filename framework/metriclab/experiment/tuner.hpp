// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <metriclab/experiment/plan.hpp>
#include <metriclab/experiment/result_store.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace metriclab {

/// Fills in a plan what search spaces leave open: trials, and, where all of them are scored, the
/// runs of the winner. What it adds depends on the results alone, so that an interrupted search
/// goes on, and a finished one is there at once.
class Tuner {
 public:
  /// Both outlive it. `store` may be nullptr: there are no results.
  Tuner(Plan& plan, const ResultStore* store, Registry& registry);

  /// Brings the plan up to what the results say; whether it has runs that it hadn't before. Where
  /// no trial has a score, the winner's runs are written as failed, or skipped where all trials
  /// were, with the reason. Throws Error where results have no such metric, or neither direction of
  /// it is better.
  bool advance();

 private:
  struct Score {
    bool done = false;           // all its runs have ended
    std::optional<double> loss;  // smaller is better; nullopt: a run has none
    double seconds = 0;
    std::string status, reason;  // of a run without
  };
  /// A method on a split of a data set.
  struct Group {
    std::size_t dataset, method, split_index;
  };
  struct Candidate {
    std::vector<double> u;
    std::int64_t number;
    Score score;
  };

  void extend(const Group& group);
  std::vector<Candidate> candidates(const Group& group);
  std::vector<Candidate> halved(const Group& group, std::vector<Candidate> all);
  Score score(const Group& group, const std::vector<double>& u, std::int64_t number,
              std::optional<std::int64_t> resource);
  std::size_t point(const Group& group, const std::vector<double>& u,
                    std::optional<std::int64_t> resource);
  Score read(const std::string& id);
  void finish(const Group& group, const Candidate& best);
  void give_up(const Group& group, const std::vector<Candidate>& all);
  std::vector<double> drawn(const SearchSpace& space, std::int64_t number) const;

  Plan& plan_;
  const ResultStore* store_;
  Registry& registry_;
  const TuneSettings& settings_;
  std::vector<std::string> validations_;
  std::vector<Group> groups_;
  std::size_t plain_runs_, plain_points_;
  std::set<std::string> known_;
  std::map<std::string, std::size_t> points_;  // by method and block
  std::map<std::string, Score> scores_;        // of runs that are ok, by id
};

}  // namespace metriclab
