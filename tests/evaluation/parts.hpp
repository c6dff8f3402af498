// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/evaluation/evaluator.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/plugin/registry.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// Embeddings of which pairs are known, and nothing else.
inline Embedded with_pairs(MatrixF embeddings, std::vector<LabelledPair> pairs) {
  Embedded part{.embeddings = std::move(embeddings), .columns = {}};
  part.constraints.pairs = std::move(pairs);
  return part;
}

inline MatrixF random_points(std::int64_t n, std::int64_t d, Random& random) {
  return MatrixF::NullaryExpr(n, d, [&] { return static_cast<float>(random.normal()); });
}

/// Few whole numbers: many ties and duplicates.
inline MatrixF tied_points(std::int64_t n, std::int64_t d, Random& random) {
  return MatrixF::NullaryExpr(n, d, [&] { return static_cast<float>(random.below(4)); });
}

/// The curves of an evaluator plugin.
inline std::vector<Curve> curves_of(const std::string& name, const Embedded& test,
                                    const Embedded& train = {},
                                    const std::string& parameters = "{}") {
  static Registry registry(Registry::standard_folders());
  Value block = parse_json(parameters);
  block.set("plugin", name);
  const std::vector<Episode> no_episodes;
  return registry.make<Evaluator>(block)
      ->measure(
          {.train = train, .test = test, .episodes = no_episodes, .random = Random(7, "test")})
      .curves;
}

}  // namespace metriclab
