// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <limits>
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/neighbors/measure.hpp>

namespace metriclab {

void require_finite(const Evaluation& input) {
  for (const auto& [part, what] : {std::pair(&input.test, "test"), {&input.train, "training"}}) {
    require_finite<float>(part->embeddings, what);
    require_comparable<float>(part->embeddings, input.distance, what);
  }
  if (input.train.embeddings.rows() > 0 &&
      input.train.embeddings.cols() != input.test.embeddings.cols())
    throw Error(fmt::format(
        "training embeddings have {} dimensions, test embeddings {}; they must be the same",
        input.train.embeddings.cols(), input.test.embeddings.cols()));
}

Metric undefined(std::string name, std::string reason, Better better) {
  return {.name = std::move(name),
          .value = std::numeric_limits<double>::quiet_NaN(),
          .better = better,
          .reason = std::move(reason)};
}

std::map<std::int32_t, Indices> members_by_class(const std::vector<std::int32_t>& labels) {
  std::map<std::int32_t, Indices> members;
  for (std::size_t i = 0; i < labels.size(); ++i)
    members[labels[i]].push_back(static_cast<std::int64_t>(i));
  return members;
}

}  // namespace metriclab
