// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <metriclab/evaluation/checks.hpp>

namespace metriclab {

Evaluator::~Evaluator() = default;

Measurement Evaluator::measure(const Evaluation& input) const {
  std::string reason;
  if (!compares(input.distance))
    reason = fmt::format("it can't go by the distance \"{}\" of these embeddings",
                         to_string(input.distance));
  else if (needs_labels() && input.test.embeddings.rows() > 0 && input.test.columns.empty())
    reason = "it needs labels, and this data set has none";
  if (reason.empty()) return evaluate(input);
  // What it has to say of no examples at all are its metrics' names.
  const Embedded none;
  const std::vector<Episode> no_episodes;
  std::vector<Metric> metrics =
      evaluate({.train = none, .test = none, .episodes = no_episodes, .random = input.random})
          .metrics;
  for (Metric& metric : metrics) metric = undefined(metric.name, reason, metric.better);
  return metrics;
}

const std::vector<std::int32_t>& Embedded::labels() const {
  METRICLAB_CHECK(!columns.empty(), "labels of embeddings that have none");
  return columns.front().values;
}

}  // namespace metriclab
