// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/report/comparison.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// What the evidence allows to say, in sentences, the most general first: whether the methods
/// differ at all, which is better than which, which can't be told apart, which are practically
/// equivalent, and where a test could have found nothing, that and why. Long lists are cut, and say
/// so.
std::vector<std::string> conclusions_of(const Comparison& comparison);

/// A p-value or probability as it is shown, three digits.
std::string p_text(double p);

}  // namespace metriclab
