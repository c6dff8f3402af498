// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace metriclab {

/// Names in the order first met, and their numbers.
struct Names {
  std::vector<std::string> names;
  std::unordered_map<std::string, std::size_t> numbers;

  std::size_t add(const std::string& name) {
    const auto [place, fresh] = numbers.emplace(name, names.size());
    if (fresh) names.push_back(name);
    return place->second;
  }
};

/// "fold 2" before "fold 10", and 0.05 before 0.1: numbers by their value, whole names and digits
/// within them.
bool natural_less(const std::string& a, const std::string& b);

/// Whether a name fits a pattern, in which "*" stands for any characters or none.
bool matches(std::string_view name, std::string_view pattern);

/// For the end of an error: the nearest of what there is, or some of it. Unlike `suggestion` it
/// says something of long lists too, and takes no number for a slip of another one.
std::string choices(const std::string& asked, const std::vector<std::string>& values);

}  // namespace metriclab
