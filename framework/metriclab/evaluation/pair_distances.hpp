// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/evaluation/evaluator.hpp>
#include <vector>

namespace metriclab {

/// The distances, by their name, of the pairs of one kind.
struct PairDistances {
  std::vector<double> values;
  double of = 0;  // how many such pairs there are in all
};

/// What verification judges: pairs that are similar, and others.
struct VerificationPairs {
  PairDistances similar, dissimilar;
};

/// All n(n − 1)/2 pairs of test examples, similar if they are of one class, where these are at most
/// `max_pairs`. Otherwise pairs are drawn, evenly and with repeats, from the similar ones for one
/// half of max_pairs and from the others for the other half; all of a kind where they are no more.
/// O(pairs · d); of bilinear pairs the example of the smaller index comes first, drawn ones aside.
VerificationPairs pairs_by_class(const Evaluation& input, std::int64_t max_pairs);

/// The pairs that the data set gives for the test part, in its order, each as often as it is given
/// (with itself, too, should it say so). O(pairs · d).
VerificationPairs given_pairs(const Evaluation& input);

}  // namespace metriclab
