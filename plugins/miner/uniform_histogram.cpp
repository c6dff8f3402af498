// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <limits>
#include <metriclab/deep/tuple_miner.hpp>
#include <metriclab/deep/uniform_bins.hpp>

namespace {

using namespace metriclab;

/// Pairs of all distances alike: the distances of the positive pairs, from the least to the
/// greatest, are cut into `n_bins` parts of one width, and of each part that has any,
/// `positives_per_bin` pairs are drawn; those of the negative pairs likewise.
///
/// Drawn uniformly with replacement: a pair may come more than once. Pairs are ordered, (i, j) and
/// (j, i) both being there to be drawn. Gives pairs. Cost: O(B² d) time, O(B²) memory.
class UniformHistogram final : public TupleMiner {
 public:
  UniformHistogram() : TupleMiner("euclidean", true) {}
  static void describe(Description<UniformHistogram>& is) {
    is.summary("pairs drawn so that all distances are equally frequent");
    is.source("Musgrave, Belongie, Lim. PyTorch metric learning. arXiv 2020");
    is.cost("O(B² d) time, O(B²) memory");
    is.parameter("n_bins", &UniformHistogram::n_bins, "into how many parts distances are cut")
        .at_least(1);
    is.parameter("positives_per_bin", &UniformHistogram::positives_per_bin,
                 "how many positive pairs are drawn from each part")
        .at_least(0);
    is.parameter("negatives_per_bin", &UniformHistogram::negatives_per_bin,
                 "how many negative pairs are drawn from each part")
        .at_least(0);
    describe_common(is);
  }

 protected:
  Tuples choose(const AnchorRows& rows, TupleList& found, Random& random) override {
    Side positives(n_bins), negatives(n_bins);
    rows.for_each([&](const auto& row) {
      positives.widen(row.positives);
      negatives.widen(row.negatives);
    });
    rows.for_each([&](const auto& row) {
      positives.count(row.positives);
      negatives.count(row.negatives);
    });
    positives.draw(positives_per_bin, random);
    negatives.draw(negatives_per_bin, random);
    rows.for_each([&](const auto& row) {
      positives.take(row.positives, [&](std::size_t k) {
        found.add_positive(row.anchor, row.positive_places[k]);
      });
      negatives.take(row.negatives, [&](std::size_t k) {
        found.add_negative(row.anchor, row.negative_places[k]);
      });
    });
    return found.pairs();
  }

 private:
  /// The pairs of one sort, which are gone through three times and never listed.
  class Side {
   public:
    explicit Side(std::int64_t n_bins)
        : bins_{std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
                n_bins},
          parts_(static_cast<std::size_t>(n_bins)) {}

    template <class T>
    void widen(std::span<const T> distances) {
      bins_.low = std::min(bins_.low, static_cast<double>(minimum_of(distances)));
      bins_.high = std::max(bins_.high, static_cast<double>(maximum_of(distances)));
    }

    template <class T>
    void count(std::span<const T> distances) {
      for (const T x : distances) ++part(x).size;
    }

    /// By their numbers within their part.
    void draw(std::int64_t per_bin, Random& random) {
      for (Part& part : parts_) {
        for (std::int64_t i = 0; i < per_bin && part.size > 0; ++i)
          part.drawn.push_back(random.below(part.size));
        std::sort(part.drawn.begin(), part.drawn.end());
      }
    }

    template <class T, class Take>
    void take(std::span<const T> distances, Take take) {
      for (std::size_t k = 0; k < distances.size(); ++k) {
        Part& is = part(distances[k]);
        for (; is.next < is.drawn.size() && is.drawn[is.next] == is.passed; ++is.next) take(k);
        ++is.passed;
      }
    }

   private:
    struct Part {
      std::int64_t size = 0, passed = 0;
      std::vector<std::int64_t> drawn;  // ascending
      std::size_t next = 0;
    };
    Part& part(double x) { return parts_[static_cast<std::size_t>(bins_.of(x))]; }

    UniformBins bins_;
    std::vector<Part> parts_;
  };

  std::int64_t n_bins = 100;
  std::int64_t positives_per_bin = 10;
  std::int64_t negatives_per_bin = 10;
};

METRICLAB_PLUGIN(UniformHistogram, "uniform_histogram");

}  // namespace
