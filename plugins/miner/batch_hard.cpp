// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/tuple_miner.hpp>

namespace {

using namespace metriclab;

/// Batch hard: each anchor with its farthest positive and its nearest negative, one triplet at most
/// for an anchor.
///
/// An anchor without positives or without negatives has none. Of several as far (as near), the
/// first of the lowest class. Gives triplets. Cost: O(B² d) time, O(B²) memory.
class BatchHard final : public TupleMiner {
 public:
  BatchHard() : TupleMiner("euclidean", true) {}
  static void describe(Description<BatchHard>& is) {
    is.summary("each anchor with its farthest positive and its nearest negative");
    is.source(
        "Hermans, Beyer, Leibe. In defense of the triplet loss for person re-identification. arXiv "
        "2017 (Eq. 5)");
    is.cost("O(B² d) time, O(B²) memory");
    describe_common(is);
  }

 protected:
  Tuples choose(const AnchorRows& rows, TupleList& found, Random&) override {
    rows.for_each([&](const auto& row) {
      if (row.positives.empty() || row.negatives.empty()) return;
      found.add_triplet(row.anchor, row.positive_places[farthest_of(row.positives)],
                        row.negative_places[nearest_of(row.negatives)]);
    });
    return found.triplets();
  }
};

METRICLAB_PLUGIN(BatchHard, "batch_hard");

}  // namespace
