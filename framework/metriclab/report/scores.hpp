// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/report/results.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// A method's values on one data set.
struct Score {
  std::vector<double> splits;       // by split, each the mean over its seeds
  std::vector<double> runs;         // each run, by split, then seed
  std::vector<std::int64_t> seeds;  // of each run
  double mean = 0;                  // of `splits`
  double deviation = 0;             // of `runs`, with n − 1 in the denominator; NaN for one
};

/// A method or data set that can't take part.
struct LeftAside {
  std::string name;
  std::string reason;
};

/// What can be compared by one metric: methods and data sets where each method has a value of every
/// run on each data set.
struct Scores {
  std::string metric;
  Better better = Better::higher;
  std::vector<std::string> experiments, datasets, methods;
  std::vector<Score> scores;                       // data set × method
  std::vector<std::vector<std::string>> splits;    // names, by data set
  std::vector<std::vector<std::string>> examples;  // the id of a run of each of them
  std::vector<LeftAside> methods_aside, datasets_aside;

  const Score& of(std::size_t dataset, std::size_t method) const {
    return scores[dataset * methods.size() + method];
  }
};

/// Chooses from results. `metric` "": as tables do. `methods`: those to take, all when empty.
/// `control` "": none.
///
/// Where a method's runs on a data set are not all there with a finite value, or it has not all the
/// splits that others have, the method or the data set is left aside: of all of them the one with
/// the greatest part incomplete, a method before a data set, again and again until nothing is
/// incomplete. The control is never left aside.
///
/// Throws Error when there is no such metric or method; when the metric ranks nothing; and when
/// fewer than two methods are left, or not the control.
Scores choose_scores(Results results, const std::string& metric, std::vector<std::string> methods,
                     const std::string& control);

}  // namespace metriclab
