// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <metriclab/deep/tuple_miner.hpp>

namespace {

using namespace metriclab;

/// The hardest part of a batch's pairs, as one level of hard-aware deeply cascaded embedding takes
/// it:
///
///     of all positive pairs the ⌈filter_percentage · |P|⌉ farthest, of all negative pairs the
///     ⌈filter_percentage · |N|⌉ nearest
///
/// whichever anchors they have. Pairs as far (as near) as the last of them are kept too, so that
/// (i, j) and (j, i) go together; of their two distances, which differ by rounding, the greater
/// counts. Gives pairs. Cost: O(B² d) time, O(B²) memory.
class Hdc final : public TupleMiner {
 public:
  Hdc() : TupleMiner("euclidean", true) {}
  static void describe(Description<Hdc>& is) {
    is.summary("a part of all pairs: the farthest positives and the nearest negatives");
    is.source("Yuan, Yang, Zhang. Hard-aware deeply cascaded embedding. ICCV 2017 (section 3.2)");
    is.cost("O(B² d) time, O(B²) memory");
    is.parameter("filter_percentage", &Hdc::filter_percentage, "the part that is kept, 1 being all")
        .above(0)
        .at_most(1);
    describe_common(is);
  }

 protected:
  at::Tensor distances(const at::Tensor& x, const at::Tensor& y) const override {
    const at::Tensor d = TupleMiner::distances(x, y);
    return x.is_same(y) ? d.maximum(d.t()) : d;
  }

  Tuples choose(const AnchorRows& rows, TupleList& found, Random&) override {
    return by_type(rows.distances(), [&]<class T>(T) {
      constexpr T kInfinity = std::numeric_limits<T>::infinity();
      std::vector<T> positives, negatives;
      rows.for_each<T>([&](const AnchorRow<T>& row) {
        positives.insert(positives.end(), row.positives.begin(), row.positives.end());
        negatives.insert(negatives.end(), row.negatives.begin(), row.negatives.end());
      });
      const T least = last_kept(positives, std::greater<>()),
              greatest = last_kept(negatives, std::less<>());
      rows.for_each<T>([&](const AnchorRow<T>& row) {
        found.add_positives<T>(row.anchor, row.positives,
                               {std::nextafter(least, -kInfinity), kInfinity}, row.positive_places);
        found.add_negatives<T>(row.anchor, row.negatives,
                               {-kInfinity, std::nextafter(greatest, kInfinity)},
                               row.negative_places);
      });
      return found.pairs();
    });
  }

 private:
  /// The last of the part that is kept, in that order; of none, 0.
  template <class T, class Before>
  T last_kept(std::vector<T>& distances, Before before) const {
    if (distances.empty()) return 0;
    // Products that are whole numbers on paper are not to be rounded up by their rounding error.
    constexpr double kRounding = 1e-9;
    const double part = filter_percentage * static_cast<double>(distances.size());
    const auto count = std::clamp(static_cast<std::size_t>(std::ceil(part - kRounding)),
                                  std::size_t{1}, distances.size());
    const auto last = distances.begin() + static_cast<std::ptrdiff_t>(count - 1);
    std::nth_element(distances.begin(), last, distances.end(), before);
    return *last;
  }

  double filter_percentage = 0.5;
};

METRICLAB_PLUGIN(Hdc, "hdc");

}  // namespace
