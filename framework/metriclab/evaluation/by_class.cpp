// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/evaluation/by_class.hpp>
#include <metriclab/evaluation/checks.hpp>
#include <utility>
#include <vector>

namespace metriclab {

std::int64_t block_width(const Embedded& gallery) {
  const auto classes = static_cast<std::int64_t>(gallery.columns.front().classes.size());
  const std::int64_t d = gallery.embeddings.cols();
  if (classes == 0 || d % classes != 0)
    throw Error(fmt::format(
        "{} dimensions are not one block for each of {} classes, as the distance \"by_class\" "
        "needs them",
        d, classes));
  return d / classes;
}

Neighbors<float> nearest_by_class(const Embedded& query, const Embedded& gallery, std::int64_t k) {
  const std::int64_t q = query.embeddings.rows(), width = block_width(gallery);
  const bool within_one_set = &query == &gallery;
  std::vector<std::vector<std::pair<float, std::int64_t>>> candidates(static_cast<std::size_t>(q));
  for (const auto& [label, members] : members_by_class(gallery.labels())) {
    const MatrixF block = query.embeddings.middleCols(label * width, width);
    const MatrixF of_class = gallery.embeddings(members, Eigen::seqN(label * width, width));
    const auto size = static_cast<std::int64_t>(members.size());
    // Within one set the example itself may be among them, in any place if it has duplicates.
    const std::int64_t most = std::min(size, k + (within_one_set ? 1 : 0));
    const Neighbors<float> near = nearest_neighbors(block, of_class, most);
    for (std::int64_t i = 0; i < q; ++i)
      for (std::int64_t rank = 0; rank < most; ++rank) {
        const std::int64_t j = members[static_cast<std::size_t>(near.indices(i, rank))];
        if (!within_one_set || j != i)
          candidates[static_cast<std::size_t>(i)].emplace_back(near.distances(i, rank), j);
      }
  }
  Neighbors<float> result;
  result.indices.resize(q, k);
  result.distances.resize(q, k);
  for (std::int64_t i = 0; i < q; ++i) {
    auto& of_query = candidates[static_cast<std::size_t>(i)];
    METRICLAB_CHECK(static_cast<std::int64_t>(of_query.size()) >= k, "fewer candidates than k");
    std::sort(of_query.begin(), of_query.end());
    for (std::int64_t rank = 0; rank < k; ++rank) {
      result.distances(i, rank) = of_query[static_cast<std::size_t>(rank)].first;
      result.indices(i, rank) = of_query[static_cast<std::size_t>(rank)].second;
    }
  }
  return result;
}

}  // namespace metriclab
