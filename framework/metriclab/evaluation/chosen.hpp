// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/evaluation/evaluator.hpp>
#include <string>
#include <string_view>

namespace metriclab {

/// Some examples of one part of the split.
struct Chosen {
  const Embedded& part;
  Indices examples;  // rising

  bool whole() const {
    return static_cast<std::int64_t>(examples.size()) == part.embeddings.rows();
  }
  /// Their rows, and their classes.
  MatrixF embeddings() const { return part.embeddings(examples, Eigen::all); }
  std::vector<std::int32_t> labels() const;
};

/// What an evaluator's parameter `parameter` asks for with `which`: "test" or "train", that part;
/// "column=class", as in "camera=a", the test examples of that class of that column of labels.
/// Throws Error where there is no such column or class, and says which there are.
Chosen choose(const Evaluation& input, std::string_view parameter, const std::string& which);

/// A part's column of labels by its name. Throws Error as `choose`.
const LabelColumn& column_of(const Embedded& part, std::string_view parameter,
                             std::string_view name);

}  // namespace metriclab
