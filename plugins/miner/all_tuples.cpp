// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/limited_miner.hpp>

namespace {

using namespace metriclab;

/// Every tuple that the labels allow: the same as no miner, and nothing is listed.
///
/// With `tuples_per_anchor`, so many of an anchor's triplets, drawn uniformly without replacement:
/// the baseline of random triplets. An anchor without positives or negatives has none. Cost:
/// nothing; with the limit O(B (classes + limit)) time and memory.
class AllTuples final : public LimitedMiner {
 public:
  static void describe(Description<AllTuples>& is) {
    is.summary("every tuple that the labels allow, the same as no miner; or random triplets");
    is.source("the baseline of every miner");
    is.cost("nothing; with tuples_per_anchor O(B (classes + tuples_per_anchor))");
    describe_limit(is);
  }

  Tuples mine(const Batch& batch, Random& random) override {
    if (!tuples_per_anchor) return Tuples::all();
    check_batch(batch);
    const AnchorPairs pairs(batch, Tuples::all());
    TupleList found({}, random);
    for (std::int64_t i = 0; i < pairs.n_anchors(); ++i) {
      const auto positives = pairs.positives(i), negatives = pairs.negatives(i);
      for (const std::size_t number : some_of(positives.size() * negatives.size(),
                                              static_cast<std::size_t>(*tuples_per_anchor), random))
        found.add_triplet(i, positives[number / negatives.size()],
                          negatives[number % negatives.size()]);
    }
    return found.triplets();
  }

 private:
  /// min(k, n) different numbers below n (Floyd's algorithm), ascending.
  static std::vector<std::size_t> some_of(std::size_t n, std::size_t k, Random& random) {
    std::vector<std::size_t> drawn;
    for (std::size_t last = n - std::min(k, n); last < n; ++last) {
      const auto one = static_cast<std::size_t>(random.below(static_cast<std::int64_t>(last) + 1));
      const auto at = std::lower_bound(drawn.begin(), drawn.end(), one);
      // Where it is there already, `last` is not: it is beyond all that could be drawn before.
      if (at != drawn.end() && *at == one)
        drawn.push_back(last);
      else
        drawn.insert(at, one);
    }
    return drawn;
  }
};

METRICLAB_PLUGIN(AllTuples, "all");

}  // namespace
