// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/deep/sampler.hpp>

namespace metriclab {

/// Each example `views` times, one after the other.
inline std::vector<std::int64_t> with_views(const std::vector<std::int64_t>& examples,
                                            std::int64_t views) {
  std::vector<std::int64_t> all;
  all.reserve(examples.size() * static_cast<std::size_t>(views));
  for (const std::int64_t example : examples)
    all.insert(all.end(), static_cast<std::size_t>(views), example);
  return all;
}

}  // namespace metriclab
