// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

namespace metriclab {

/// How two embeddings are compared. The smaller the nearer, for all of them: cosine is 1 − cos, dot
/// is −x·y.
enum class Distance { euclidean, squared_euclidean, cosine, dot };
std::string_view to_string(Distance distance);
/// Throws Error listing the names when there is none such.
Distance distance_from_string(std::string_view name);

}  // namespace metriclab
