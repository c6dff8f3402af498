// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/data/split.hpp>
#include <optional>
#include <string>
#include <vector>

namespace metriclab {

/// Trials that look hopeless early are given up: successive halving.
///
/// All trials are made with little of a resource, a `factor`-th of them, the best, with `factor`
/// times as much, and so on up to what the method asks for. Each is trained anew, so that schedules
/// fit: all that is spent before the last round is at most 1/(factor − 1) of a trial each. The
/// resource is the first of `resources` that a method has; one that has none is not halved.
/// Source: Jamieson, Talwalkar. Non-stochastic best arm identification and hyperparameter
/// optimization. AISTATS 2016, figure 3.
struct Halving {
  std::vector<std::string> resources = {"/training/epochs", "/solver/max_iterations"};
  std::int64_t least = 1, factor = 3;
  static void describe(Description<Halving>& is);
};

/// The "tune" of a spec: how the values of search spaces are found.
///
/// On each data set, for each split and method: trials are trained on a part of the training part
/// and scored on the rest of it; the best by the mean of `metric` over the `validation` splits is
/// trained on the whole training part with each seed, and measured on the test part.
struct TuneSettings {
  std::string metric;
  std::string search = "random";
  std::int64_t trials = 20;
  std::optional<double> seconds = {};
  std::optional<Splitting> validation = {};
  std::optional<Halving> halving = {};
  static void describe(Description<TuneSettings>& is);

  /// `validation`, or the fifth of the examples that stands in its place.
  Splitting split() const;
};

}  // namespace metriclab
