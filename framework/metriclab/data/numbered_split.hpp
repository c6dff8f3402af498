// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <metriclab/data/dataset.hpp>
#include <optional>
#include <string>
#include <vector>

namespace metriclab {

/// One part of a published split as a list of numbers; `where` stands in front of messages.
struct NumberedPart {
  std::vector<double> numbers;
  std::string where;
};

/// Turns published lists of numbers into splits. The numbers count examples from 1, or they are
/// classes, by their labels, and stand for all examples of these.
class NumberedSplits {
 public:
  /// Throws Error where classes are meant and `data` has no labels.
  NumberedSplits(const Data& data, bool of_classes);

  /// Both parts in rising order; without `test` it is all that does not train. Throws Error, with
  /// the part's `where`: a number that stands for nothing, an example named twice, in both parts
  /// too, nothing that trains or tests. Cost: O(n + m log m) time for m numbers and n examples.
  Split split(const std::string& name, const NumberedPart& train,
              const std::optional<NumberedPart>& test) const;

 private:
  Indices take(const NumberedPart& part, std::vector<bool>& used) const;

  std::int64_t size_;
  bool of_classes_;
  std::map<double, Indices> meant_;  // the examples that each number stands for
};

}  // namespace metriclab
