// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/data/method.hpp>
#include <metriclab/plugin/better.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// Embedded examples with what is known of them.
struct Embedded {
  MatrixF embeddings;                // (n × d)
  std::vector<LabelColumn> columns;  // the class first; none where there are only targets
  std::vector<double> targets = {};  // (n) real labels, or empty
  Constraints constraints = {};      // what is known of pairs among them
  const std::vector<std::int32_t>& labels() const;
};

/// What an evaluator sees: embeddings and labels, nothing of the method.
struct Evaluation {
  const Embedded& train;  // the gallery of a classifier; may be empty (0 rows)
  const Embedded& test;
  Distance distance = Distance::euclidean;
  const std::vector<Episode>& episodes;  // indices into `test`; may be empty
  Random random;
  int threads = 1;
};

/// One measured number. A value that is not finite has a reason.
struct Metric {
  std::string name;  // "accuracy", "recall_at_1", "map_at_r"
  double value = 0;
  Better better = Better::higher;
  std::string reason;  // why `value` is NaN
};

/// What an evaluator gives: numbers, and where the whole course says more than any number (a ROC),
/// curves.
struct Measurement {
  std::vector<Metric> metrics;
  std::vector<Curve> curves = {};

  Measurement(std::initializer_list<Metric> all) : metrics(all) {}
  Measurement(std::vector<Metric> all) : metrics(std::move(all)) {}
  Measurement(std::vector<Metric> all, std::vector<Curve> courses)
      : metrics(std::move(all)), curves(std::move(courses)) {}
};

/// Plugin kind "evaluator": measures embeddings.
class Evaluator : public Component {
 public:
  static constexpr std::string_view kind = "evaluator";
  static constexpr std::string_view abi = kEigenAbi;
  ~Evaluator() override;

  virtual Measurement evaluate(const Evaluation& input) const = 0;
  /// Whether it can go by such distances; `by_class` takes a classifier that knows of it.
  virtual bool compares(Distance distance) const { return distance != Distance::by_class; }
  /// Whether it takes classes to measure. One that does is never given examples without them.
  virtual bool needs_labels() const { return true; }
  /// What `evaluate` gives; or its metrics without values, where the embeddings are under a
  /// distance it can't go by, or have no labels and it needs them.
  Measurement measure(const Evaluation& input) const;
};

}  // namespace metriclab
