// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace metriclab {

/// Characters that mean something to a format, by what stands for them there.
inline std::string replace_characters(std::string_view text,
                                      const std::vector<std::pair<char, std::string_view>>& by) {
  std::string result;
  for (char c : text) {
    const auto found =
        std::find_if(by.begin(), by.end(), [c](const auto& each) { return each.first == c; });
    if (found == by.end())
      result += c;
    else
      result += found->second;
  }
  return result;
}

}  // namespace metriclab
