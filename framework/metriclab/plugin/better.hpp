// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace metriclab {

/// Which values of a measured number are the better ones. `neither`: it describes, as the effective
/// rank of a space does, and methods are not ranked by it. In a result's "higher_is_better" these
/// are true, false and null.
enum class Better { higher, lower, neither };

}  // namespace metriclab
