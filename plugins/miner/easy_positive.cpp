// SPDX-License-Identifier: BSD-3-Clause
#include <limits>
#include <metriclab/deep/tuple_miner.hpp>

namespace {

using namespace metriclab;

/// Easy positive mining: each anchor with its nearest positive p alone, and of its negatives
///
///     semihard   the nearest of those farther than the positive, d(a, n) > d(a, p)
///     hard       the nearest
///     all        every one
///
/// so that a class may stay in several clusters. An anchor without positives or without such a
/// negative has no triplet. Of several as near, the first of the lowest class. Gives triplets.
/// Cost: O(B² d) time, O(B²) memory.
class EasyPositive final : public TupleMiner {
 public:
  EasyPositive() : TupleMiner("cosine", true) {}
  static void describe(Description<EasyPositive>& is) {
    is.summary(
        "each anchor's nearest positive alone, with a semi-hard, the hardest or all negatives");
    is.source(
        "Xuan, Stylianou, Pless. Improved embeddings with easy positive triplet mining. WACV 2020 "
        "(sections 3.2 and 3.3)");
    is.cost("O(B² d) time, O(B²) memory");
    is.parameter("negatives", &EasyPositive::negatives,
                 "the nearest beyond the positive, the nearest, or all")
        .one_of({"semihard", "hard", "all"});
    describe_common(is);
  }

 protected:
  Tuples choose(const AnchorRows& rows, TupleList& found, Random&) override {
    rows.for_each([&]<class T>(const AnchorRow<T>& row) {
      if (row.positives.empty() || row.negatives.empty()) return;
      constexpr T kInfinity = std::numeric_limits<T>::infinity();
      const std::size_t p = nearest_of(row.positives);
      const std::int64_t positive = row.positive_places[p];
      const Kept<T> kept{negatives == "semihard" ? row.positives[p] : -kInfinity, kInfinity};
      if (negatives == "all")
        found.add_triplets<T>(row.anchor, positive, row.negatives, 0, kept, row.negative_places);
      else if (const auto n = nearest_within<T>(row.negatives, 0, kept))
        found.add_triplet(row.anchor, positive, row.negative_places[*n]);
    });
    return found.triplets();
  }

 private:
  std::string negatives = "semihard";
};

METRICLAB_PLUGIN(EasyPositive, "easy_positive");

}  // namespace
