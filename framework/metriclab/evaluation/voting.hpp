// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/evaluation/evaluator.hpp>
#include <metriclab/neighbors/search.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace metriclab {

// What predicts from the nearest neighbours of a test example: they are the training part's or,
// where that is empty, all other test examples.

/// The training part, or the test part where that is empty.
const Embedded& voters_of(const Evaluation& input);
/// Throws Error naming the evaluator where fewer than `n_neighbors` could vote on an example.
void require_voters(const Evaluation& input, std::int64_t n_neighbors, std::string_view evaluator);
/// The neighbours of each test example among voters_of(input), as nearest_neighbors (or
/// nearest_by_class) finds them. Cost: one search.
Neighbors<float> nearest_voters(const Evaluation& input, std::int64_t n_neighbors);

/// How much each neighbour counts, (k) from the distances of row `query`. "uniform": 1 each.
/// "distance": 1/distance up to a factor that all share; where some are at distance 0, these count
/// 1 and the others 0. None is negative, and one is positive.
std::vector<double> vote_weights(const Neighbors<float>& found, std::int64_t query,
                                 const std::string& weights);
/// Why votes can't be weighed so: the inverse of a distance that may be negative ranks nothing.
std::optional<std::string> unweighable(const std::string& weights, Distance distance);

/// Declares `weights`, which is "uniform" or "distance".
template <class T>
void describe_weights(Description<T>& is, std::string T::*weights) {
  is.parameter("weights", weights,
               "what a neighbour counts: the same each, or the inverse of its distance")
      .one_of({"uniform", "distance"});
}

}  // namespace metriclab
