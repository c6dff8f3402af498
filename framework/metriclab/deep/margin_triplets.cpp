// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/margin_triplets.hpp>

namespace metriclab {

Tuples triplets_by_gap(const AnchorRows& rows, const Gap& gap, bool nearest, TupleList& found) {
  rows.for_each([&]<class T>(const AnchorRow<T>& row) {
    const Kept<T> kept = gap.open<T>();
    for (std::size_t k = 0; k < row.positives.size(); ++k) {
      const std::int64_t positive = row.positive_places[k];
      if (!nearest) {
        found.add_triplets<T>(row.anchor, positive, row.negatives, row.positives[k], kept,
                              row.negative_places);
      } else if (const auto n = nearest_within<T>(row.negatives, row.positives[k], kept)) {
        found.add_triplet(row.anchor, positive, row.negative_places[*n]);
      }
    }
  });
  return found.triplets();
}

}  // namespace metriclab
