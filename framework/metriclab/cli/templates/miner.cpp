#include <algorithm>
#include <metriclab/deep/tuple_miner.hpp>

namespace {

using namespace metriclab;

/// Every positive pair, and of each anchor the `n_negatives` nearest negatives (the first of
/// several as near).
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
    describe_common(is);  // "distance", "normalize_embeddings"
  }

 protected:
  Tuples choose(const Batch& batch, const at::Tensor& distances, Random&) override {
    const AnchorPairs pairs(batch, Tuples::all());
    std::vector<std::int64_t> positive_anchors, positives, negative_anchors, negatives;
    by_type(distances, [&]<class T>(T) {
      const T* d = distances.data_ptr<T>();
      for (std::int64_t i = 0; i < pairs.n_anchors(); ++i, d += pairs.n_others()) {
        for (const Index p : pairs.positives(i)) {
          positive_anchors.push_back(i);
          positives.push_back(p);
        }
        const auto all = pairs.negatives(i);
        std::vector<Index> nearest(std::min(all.size(), static_cast<std::size_t>(n_negatives)));
        std::partial_sort_copy(
            all.begin(), all.end(), nearest.begin(), nearest.end(),
            [&](Index a, Index b) { return d[a] != d[b] ? d[a] < d[b] : a < b; });
        for (const Index n : nearest) {
          negative_anchors.push_back(i);
          negatives.push_back(n);
        }
      }
    });
    return Tuples::pairs(index_tensor(positive_anchors), index_tensor(positives),
                         index_tensor(negative_anchors), index_tensor(negatives));
  }

 private:
  std::int64_t n_negatives = 3;
};

METRICLAB_PLUGIN(MyMiner, "my_miner");

}  // namespace
