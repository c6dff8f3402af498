// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstdint>
#include <map>
#include <metriclab/data/examples.hpp>
#include <metriclab/plugin/random.hpp>
#include <vector>

namespace metriclab {

using Labels = std::vector<std::int32_t>;

/// n points in two dimensions about a few centres.
inline Matrix drawn(Random& random, std::int64_t n, std::int64_t centres = 3, double far = 6) {
  Matrix X(n, 2);
  for (std::int64_t i = 0; i < n; ++i) {
    const auto centre = static_cast<double>(i % centres);
    X(i, 0) = far * std::cos(2 * centre) + random.normal();
    X(i, 1) = far * std::sin(2 * centre) + random.normal();
  }
  return X;
}

/// Whether two lists of labels part their examples in the same way; −1 only with −1.
inline bool same_parts(const Labels& a, const Labels& b) {
  if (a.size() != b.size()) return false;
  std::map<std::int32_t, std::int32_t> there = {{-1, -1}}, back = {{-1, -1}};
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (there.emplace(a[i], b[i]).first->second != b[i]) return false;
    if (back.emplace(b[i], a[i]).first->second != a[i]) return false;
  }
  return true;
}

}  // namespace metriclab
