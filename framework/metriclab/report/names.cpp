// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/data/text.hpp>
#include <metriclab/plugin/error.hpp>
#include <metriclab/report/names.hpp>

namespace metriclab {

bool natural_less(const std::string& a, const std::string& b) {
  const auto x = number_of(a), y = number_of(b);
  if (x && y && *x != *y) return *x < *y;
  // Numbers before words, so that the order has no rings.
  if (x.has_value() != y.has_value()) return x.has_value();
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (digit(a[i]) && digit(b[j])) {
      std::size_t i_end = i, j_end = j;
      while (i_end < a.size() && digit(a[i_end])) ++i_end;
      while (j_end < b.size() && digit(b[j_end])) ++j_end;
      const auto one = a.substr(i, i_end - i), other = b.substr(j, j_end - j);
      if (one.size() != other.size()) return one.size() < other.size();
      if (one != other) return one < other;
      i = i_end;
      j = j_end;
      continue;
    }
    if (a[i] != b[j]) return a[i] < b[j];
    ++i;
    ++j;
  }
  return a.size() - i < b.size() - j;
}

bool matches(std::string_view name, std::string_view pattern) {
  // Greedy, with one place to come back to: the last "*", which then takes one character more.
  std::size_t i = 0, j = 0, star = std::string_view::npos, taken = 0;
  while (i < name.size()) {
    if (j < pattern.size() && pattern[j] == '*') {
      star = j++;
      taken = i;
    } else if (j < pattern.size() && pattern[j] == name[i]) {
      ++i;
      ++j;
    } else if (star != std::string_view::npos) {
      j = star + 1;
      i = ++taken;
    } else {
      return false;
    }
  }
  while (j < pattern.size() && pattern[j] == '*') ++j;
  return j == pattern.size();
}

std::string choices(const std::string& asked, const std::vector<std::string>& values) {
  constexpr std::size_t kListed = 12;
  // The neighbour of a number is no slip of it.
  if (!number_of(asked))
    if (std::string text = suggestion(asked, values); !text.empty()) return text;
  if (values.empty()) return "; there is none";
  std::string text = "; there is ";
  for (std::size_t i = 0; i < std::min(kListed, values.size()); ++i)
    text += fmt::format("{}\"{}\"", i > 0 ? ", " : "", values[i]);
  if (values.size() > kListed) text += fmt::format(" and {} more", values.size() - kListed);
  return text;
}

}  // namespace metriclab
