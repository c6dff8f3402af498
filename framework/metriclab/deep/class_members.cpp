// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/deep/class_members.hpp>

namespace metriclab {

std::vector<std::vector<std::int64_t>> members_of_classes(const std::vector<std::int64_t>& labels) {
  std::vector<std::vector<std::int64_t>> members;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto label = static_cast<std::size_t>(labels[i]);
    if (label >= members.size()) members.resize(label + 1);
    members[label].push_back(static_cast<std::int64_t>(i));
  }
  return members;
}

std::int64_t batches_for(std::int64_t n_examples, std::int64_t batch_size) {
  return std::max<std::int64_t>(1, (n_examples + batch_size / 2) / batch_size);
}

}  // namespace metriclab
