// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <map>
#include <metriclab/evaluation/evaluator.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/plugin/registry.hpp>
#include <string>

namespace metriclab {

inline Embedded embedded(MatrixF embeddings, std::vector<std::int32_t> labels) {
  return {.embeddings = std::move(embeddings),
          .columns = {{.name = "class", .values = std::move(labels), .classes = {}}}};
}

/// The metrics of an evaluator plugin by name; `parameters` as JSON. What is not finite must have a
/// reason.
inline std::map<std::string, Metric> evaluate(const std::string& name, const Embedded& test,
                                              const Embedded& train = {},
                                              const std::string& parameters = "{}",
                                              Distance distance = Distance::euclidean,
                                              const std::vector<Episode>& episodes = {}) {
  static Registry registry(Registry::standard_folders());
  Value block = parse_json(parameters);
  block.set("plugin", name);
  const Evaluation input{.train = train,
                         .test = test,
                         .distance = distance,
                         .episodes = episodes,
                         .random = Random(7, "test")};
  std::map<std::string, Metric> metrics;
  for (Metric& metric : registry.make<Evaluator>(block)->measure(input).metrics) {
    METRICLAB_CHECK(std::isfinite(metric.value) == metric.reason.empty(),
                    "a reason if and only if there is no value");
    metrics[metric.name] = std::move(metric);
  }
  return metrics;
}

}  // namespace metriclab
