// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <metriclab/report/phrases.hpp>

namespace metriclab {
namespace {

constexpr std::size_t kShown = 8;

}  // namespace

std::string cut(const std::vector<std::string>& items, std::string_view separator) {
  if (items.size() <= kShown + 1) return fmt::format("{}", fmt::join(items, separator));
  return fmt::format("{}{}and {} more", fmt::join(items.begin(), items.begin() + kShown, separator),
                     separator, items.size() - kShown);
}

std::string listed(const std::vector<std::string>& items) {
  if (items.size() > kShown + 1) return cut(items, ", ");
  if (items.size() == 1) return items.front();
  return fmt::format("{} and {}", fmt::join(items.begin(), items.end() - 1, ", "), items.back());
}

}  // namespace metriclab
