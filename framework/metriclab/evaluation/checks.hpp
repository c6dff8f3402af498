// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <metriclab/evaluation/evaluator.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// Throws Error naming the first example, of the test part or of the training part, whose embedding
/// is not finite or not one that the distance compares, or when the two parts differ in dimensions.
void require_finite(const Evaluation& input);

/// A metric that can't be computed: NaN and why.
Metric undefined(std::string name, std::string reason, Better better = Better::higher);

/// The examples of each class that has any, by rising label.
std::map<std::int32_t, Indices> members_by_class(const std::vector<std::int32_t>& labels);

}  // namespace metriclab
