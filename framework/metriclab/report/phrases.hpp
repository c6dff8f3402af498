// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace metriclab {

/// "a; b; and 7 more": the first of many items.
std::string cut(const std::vector<std::string>& items, std::string_view separator);
/// "a, b and c", cut as above.
std::string listed(const std::vector<std::string>& items);

}  // namespace metriclab
