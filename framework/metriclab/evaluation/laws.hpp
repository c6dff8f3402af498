// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/evaluation/evaluator.hpp>
#include <metriclab/plugin/conformance.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// Holds an evaluator to the promises of its interface: metrics of different names, each with a
/// value or with the reason why there is none; the same from the same stream; no dependence on the
/// order of examples, unless it draws at random; separated classes score no worse than random
/// embeddings, in the direction that each metric says is better; empty, one-class and coinciding
/// input; embeddings that are not finite, or that the distance can't compare, refused.
/// `properties`: those that its declaration claims,
/// of "invariant_to_rotation", and "one_when_separated" (classes far apart give 1, or 0 where lower
/// is better; what ranks nothing may be anything).
void check_evaluator(const Evaluator& evaluator, const std::vector<std::string>& properties,
                     Checks& checks);

}  // namespace metriclab
