// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <metriclab/deep/tuple_miner.hpp>

namespace {

using namespace metriclab;

/// Each anchor with one positive and one negative, each chosen by a strategy of its own:
///
///                positive                                     negative
///     easy       the nearest                                  the farthest
///     hard       the farthest                                 the nearest
///     semihard   the farthest nearer than the negative        the nearest beyond the positive
///     all        every one                                    every one
///
/// among those whose distance is in the allowed range (ends included). Where both are chosen, an
/// anchor that lacks either has none; beside "all", each side stands for itself. Semihard is
/// measured by the other side's choice, which must be easy or hard. Of several as near (as far),
/// the first of the lowest class. Gives pairs. Cost: O(B² d) time, O(B²) memory.
class BatchEasyHard final : public TupleMiner {
 public:
  BatchEasyHard() : TupleMiner("euclidean", true) {}
  static void describe(Description<BatchEasyHard>& is) {
    is.summary("each anchor with its easiest, hardest or semi-hard positive and negative");
    is.source(
        "Xuan, Stylianou, Pless. Improved embeddings with easy positive triplet mining. WACV 2020 "
        "(section 3)");
    is.source("Musgrave, Belongie, Lim. PyTorch metric learning. arXiv 2020 (all combinations)");
    is.cost("O(B² d) time, O(B²) memory");
    const std::vector<std::string> strategies = {"easy", "hard", "semihard", "all"};
    is.parameter("positive_strategy", &BatchEasyHard::positive_strategy,
                 "the nearest (easy), the farthest (hard), the farthest nearer than the negative "
                 "(semihard), or all")
        .one_of(strategies);
    is.parameter("negative_strategy", &BatchEasyHard::negative_strategy,
                 "the farthest (easy), the nearest (hard), the nearest beyond the positive "
                 "(semihard), or all")
        .one_of(strategies);
    is.parameter("allowed_positive_range", &BatchEasyHard::allowed_positive_range,
                 "[least, greatest] distance of positives; empty: any");
    is.parameter("allowed_negative_range", &BatchEasyHard::allowed_negative_range,
                 "[least, greatest] distance of negatives; empty: any");
    describe_common(is);
  }

  void prepare(const LossSetting&) override { check(); }

 protected:
  Tuples choose(const AnchorRows& rows, TupleList& found, Random&) override {
    check();
    rows.for_each([&]<class T>(const AnchorRow<T>& row) {
      choose_of(row, allowed<T>(allowed_positive_range), allowed<T>(allowed_negative_range), found);
    });
    return found.pairs();
  }

 private:
  void check() const {
    auto alone = [](const std::string& other) { return other == "easy" || other == "hard"; };
    if (negative_strategy == "semihard" && !alone(positive_strategy))
      throw Error(fmt::format("\"semihard\" is measured by the positive that is chosen, and "
                              "positive_strategy is \"{}\"; it must be \"easy\" or \"hard\"",
                              positive_strategy))
          .in("negative_strategy");
    if (positive_strategy == "semihard" && !alone(negative_strategy))
      throw Error(fmt::format("\"semihard\" is measured by the negative that is chosen, and "
                              "negative_strategy is \"{}\"; it must be \"easy\" or \"hard\"",
                              negative_strategy))
          .in("positive_strategy");
    check(allowed_positive_range, "allowed_positive_range");
    check(allowed_negative_range, "allowed_negative_range");
  }
  static void check(const std::vector<double>& range, const char* name) {
    if (range.empty() || (range.size() == 2 && range[0] <= range[1])) return;
    throw Error(fmt::format("[{}] is no range; [least, greatest] is", fmt::join(range, ", ")))
        .in(name);
  }

  /// As an open interval.
  template <class T>
  static Kept<T> allowed(const std::vector<double>& range) {
    constexpr T kInfinity = std::numeric_limits<T>::infinity();
    if (range.empty()) return {-kInfinity, kInfinity};
    return {std::nextafter(static_cast<T>(range[0]), -kInfinity),
            std::nextafter(static_cast<T>(range[1]), kInfinity)};
  }

  template <class T>
  void choose_of(const AnchorRow<T>& row, Kept<T> near, Kept<T> far, TupleList& found) const {
    auto positive = [&] {
      return positive_strategy == "easy" ? nearest_within<T>(row.positives, 0, near)
                                         : farthest_within<T>(row.positives, 0, near);
    };
    auto negative = [&] {
      return negative_strategy == "easy" ? farthest_within<T>(row.negatives, 0, far)
                                         : nearest_within<T>(row.negatives, 0, far);
    };
    const bool all_positives = positive_strategy == "all",
               all_negatives = negative_strategy == "all";
    std::optional<std::size_t> p, n;
    if (positive_strategy == "semihard") {
      if ((n = negative())) near.high = std::min(near.high, row.negatives[*n]);
    } else if (!all_positives) {
      p = positive();
    }
    if (negative_strategy == "semihard" && p) far.low = std::max(far.low, row.positives[*p]);
    if (!all_negatives && !n) n = negative();
    if (positive_strategy == "semihard" && n) p = positive();
    if (!all_positives && !all_negatives && (!p || !n)) return;
    if (all_positives) found.add_positives<T>(row.anchor, row.positives, near, row.positive_places);
    if (all_negatives) found.add_negatives<T>(row.anchor, row.negatives, far, row.negative_places);
    if (p) found.add_positive(row.anchor, row.positive_places[*p]);
    if (n) found.add_negative(row.anchor, row.negative_places[*n]);
  }

  std::string positive_strategy = "easy";
  std::string negative_strategy = "semihard";
  std::vector<double> allowed_positive_range, allowed_negative_range;
};

METRICLAB_PLUGIN(BatchEasyHard, "batch_easy_hard");

}  // namespace
