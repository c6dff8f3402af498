// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/plugin/error.hpp>
#include <metriclab/plugin/value.hpp>
#include <optional>
#include <string>
#include <vector>

namespace metriclab {

/// A place in a method whose value is searched for, and the values that it may have. A spec has it
/// in the value's place:
///
///     {"uniform": [a, b]}      a number in a … b
///     {"log_uniform": [a, b]}  a number whose logarithm is uniform, 0 < a
///     {"int": [a, b]}          an integer in a … b, both included
///     {"log_int": [a, b]}      an integer, small ones more often, 1 ≤ a
///     {"choice": [v, …]}       one of these, of whatever kind
///
/// Values are addressed by u in [0, 1): uniform u are values distributed as said.
class SearchDimension {
 public:
  /// "uniform", "log_uniform", …
  static const std::vector<std::string>& kinds();
  /// Whether a spec's value is one of these.
  static bool is_written_as(const Value& value);
  /// Throws Error, its pointer that of what is wrong within `value`.
  SearchDimension(std::vector<std::string> steps, const Value& value);

  const std::vector<std::string>& steps() const { return steps_; }
  /// The JSON pointer from the method on: "/loss/margin".
  std::string pointer() const;
  Value at(double u) const;
  /// How many values there are; nullopt for numbers. Those of `choice` and `int` are equally
  /// likely: the i-th is at u = (i + ½)/n.
  std::optional<std::int64_t> size() const;
  /// Whether values have no order, so that u near to each other say nothing.
  bool is_unordered() const { return kind_ == "choice"; }

 private:
  std::vector<std::string> steps_;
  std::string kind_;
  double least_ = 0, most_ = 0;
  std::vector<Value> choices_;
};

/// All that is searched for in a method, in the order of its document.
struct SearchSpace {
  Value document;  // as the spec has the method
  std::vector<SearchDimension> dimensions;

  /// The method with the values at `u`, one for each dimension; and those values by pointer.
  Value at(const std::vector<double>& u) const;
  Value values(const std::vector<double>& u) const;
};

/// Finds the dimensions of a method at `pointer` in the spec. What is wrong is added to `problems`.
SearchSpace find_search_space(const Value& method, const std::string& pointer, Problems& problems);

}  // namespace metriclab
