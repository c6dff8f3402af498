#include <algorithm>
#include <metriclab/deep/tuple_miner.hpp>
#include <numeric>

namespace {

using namespace metriclab;

/// Every positive pair, and of each anchor the `n_negatives` nearest negatives (of several as near,
/// the first of the lowest class).
///
/// Gives pairs. Shapes: embeddings (B × d), labels (B); distances (B × R), R = B where the batch
/// has no reference set of its own. Cost: O(B² d) time for the distances, O(B² log n_negatives) for
/// the choice; memory O(B²) and the pairs found.
class MyMiner final : public TupleMiner {
 public:
  MyMiner() : TupleMiner("euclidean", true) {}  // the defaults of the common parameters
  static void describe(Description<MyMiner>& is) {
    is.summary("every positive pair, and the nearest negatives of each anchor");
    is.source("yours: authors, title, venue, year; the section");
    is.cost("O(B² d) time, O(B²) memory");
    is.parameter("n_negatives", &MyMiner::n_negatives, "how many negatives of an anchor are kept")
        .at_least(1);
    describe_common(is);  // "distance", "normalize_embeddings", "tuples_per_anchor"
  }

 protected:
  Tuples choose(const AnchorRows& rows, TupleList& found, Random&) override {
    rows.for_each([&](const auto& row) {
      for (const std::int64_t p : row.positive_places) found.add_positive(row.anchor, p);
      std::vector<std::size_t> order(row.negatives.size());
      std::iota(order.begin(), order.end(), 0);
      const auto n = std::min(n_negatives, static_cast<std::int64_t>(order.size()));
      std::partial_sort(
          order.begin(), order.begin() + n, order.end(), [&](std::size_t a, std::size_t b) {
            return row.negatives[a] != row.negatives[b] ? row.negatives[a] < row.negatives[b]
                                                        : a < b;
          });
      for (std::int64_t k = 0; k < n; ++k)
        found.add_negative(row.anchor, row.negative_places[order[static_cast<std::size_t>(k)]]);
    });
    return found.pairs();
  }

 private:
  std::int64_t n_negatives = 3;
};

METRICLAB_PLUGIN(MyMiner, "my_miner");

}  // namespace
