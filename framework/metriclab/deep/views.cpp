// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/views.hpp>
#include <metriclab/plugin/error.hpp>
#include <unordered_map>

namespace metriclab {

std::vector<std::int64_t> view_numbers(const Batch& batch) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(batch.embeddings.size(0)), 0);
  if (batch.examples.defined()) {
    std::unordered_map<std::int64_t, std::int64_t> seen;
    std::ranges::transform(as_indices(batch.examples), numbers.begin(),
                           [&](std::int64_t example) { return seen[example]++; });
  }
  if (std::ranges::all_of(numbers, [](std::int64_t number) { return number == 0; }))
    throw Error(
        "no example of the batch has two views; a sampler's \"views\": 2 puts each into it twice, "
        "and \"transforms\" make the two differ");
  return numbers;
}

void check_second_views(const Batch& batch) {
  if (batch.own.defined())
    throw Error(
        "a memory can't stand in the place of second views; let \"self_supervised\" be the outer "
        "loss and \"cross_batch_memory\" its inner one");
  if (batch.reference.size(0) != batch.embeddings.size(0))
    throw Error(
        fmt::format("the reference set has {} rows and the batch {}; it is to hold the second "
                    "view of each row of the batch",
                    batch.reference.size(0), batch.embeddings.size(0)));
}

ViewPairs view_pairs(const Batch& batch) {
  if (batch.has_reference()) {
    check_second_views(batch);
    return {batch.embeddings, batch.reference};
  }
  const std::vector<std::int64_t> numbers = view_numbers(batch),
                                  examples = as_indices(batch.examples);
  std::unordered_map<std::int64_t, std::int64_t> waiting;
  std::vector<std::int64_t> first, second;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    if (numbers[i] % 2 == 0) {
      waiting[examples[i]] = row;
    } else {
      first.push_back(waiting[examples[i]]);
      second.push_back(row);
    }
  }
  auto rows = [&](const std::vector<std::int64_t>& of) {
    return batch.embeddings.index_select(0, index_tensor(of).to(batch.embeddings.device()));
  };
  return {rows(first), rows(second)};
}

}  // namespace metriclab
