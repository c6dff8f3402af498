// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/data/numbered_split.hpp>
#include <metriclab/data/text.hpp>

namespace metriclab {

NumberedSplits::NumberedSplits(const Data& data, bool of_classes)
    : size_(data.size()), of_classes_(of_classes) {
  if (!of_classes) return;
  if (data.columns.empty())
    throw Error("there are no labels whose classes could be numbered; number the examples");
  const LabelColumn& column = data.columns.front();
  for (std::int64_t i = 0; i < data.size(); ++i) {
    const auto label = static_cast<std::size_t>(column.values[static_cast<std::size_t>(i)]);
    if (const auto number = number_of(column.classes[label])) meant_[*number].push_back(i);
  }
}

Indices NumberedSplits::take(const NumberedPart& part, std::vector<bool>& used) const {
  Indices indices;
  auto add = [&](std::int64_t i, double number) {
    if (used[static_cast<std::size_t>(i)])
      throw Error(fmt::format("{}: has {} twice; a split trains or tests on an example once",
                              part.where, number));
    used[static_cast<std::size_t>(i)] = true;
    indices.push_back(i);
  };
  for (double number : part.numbers) {
    if (of_classes_) {
      const auto found = meant_.find(number);
      if (found == meant_.end())
        throw Error(fmt::format("{}: there is no class {}", part.where, number));
      for (std::int64_t i : found->second) add(i, number);
    } else {
      const bool there = number >= 1 && number <= static_cast<double>(size_);
      const auto whole = there ? static_cast<std::int64_t>(number) : 0;
      if (static_cast<double>(whole) != number || whole == 0)
        throw Error(fmt::format("{}: there is no example {}; they count from 1 to {}", part.where,
                                number, size_));
      add(whole - 1, number);
    }
  }
  std::ranges::sort(indices);
  return indices;
}

Split NumberedSplits::split(const std::string& name, const NumberedPart& train,
                            const std::optional<NumberedPart>& test) const {
  std::vector<bool> used(static_cast<std::size_t>(size_), false);
  Split split;
  split.name = name;
  split.train = take(train, used);
  if (test)
    split.test = take(*test, used);
  else
    for (std::int64_t i = 0; i < size_; ++i)
      if (!used[static_cast<std::size_t>(i)]) split.test.push_back(i);
  if (split.train.empty()) throw Error(fmt::format("{}: nothing is left to train", train.where));
  if (split.test.empty())
    throw Error(fmt::format("{}: nothing is left to test", test ? test->where : train.where));
  return split;
}

}  // namespace metriclab
