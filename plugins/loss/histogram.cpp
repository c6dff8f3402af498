// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/soft_histogram.hpp>
#include <metriclab/deep/tuple_loss.hpp>
#include <optional>
#include <vector>

namespace {

using namespace metriclab;

/// Histogram loss: the probability that a negative pair is more similar than a positive pair.
///
///     loss = Σ over nodes r of h⁻_r φ_r,   φ_r = Σ over nodes q not more similar than r of h⁺_q
///
/// h⁺ and h⁻: histograms of the distances of all positive and of all negative pairs, each of sum 1,
/// a pair counting at its two neighbouring nodes (SoftHistogram); the nodes go from the least to
/// the greatest distance that vectors of length 1 can have, by default that of the cosine; other
/// distances than "euclidean", "squared_euclidean", "cosine" and "dot" of normalised embeddings
/// need `highest`. As terms for the reducer the negative pairs have φ, interpolated where they
/// stand, whose mean is the loss. Shapes: embeddings (B × d), labels (B). Without positive or
/// without negative pairs: 0, with zero gradient. Triplets given count as their different pairs.
/// Cost: O(B² d) time, O(B²) memory. Differs from the paper: nothing.
class Histogram final : public TupleLoss {
 public:
  Histogram() : TupleLoss("cosine", true, "mean") {}
  static void describe(Description<Histogram>& is) {
    is.summary("the histograms of the positive and the negative pairs' similarities are to part");
    is.source("Ustinova, Lempitsky. Learning deep embeddings with histogram loss. NIPS 2016");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("n_bins", &Histogram::n_bins, "how many bins the similarities are put into")
        .at_least(1);
    is.parameter(
          "highest", &Histogram::highest,
          "where the histogram of the distances ends, which begins at 0; null: the distances "
          "that vectors of length 1 can have")
        .above(0);
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const PairCounts counts = pair_counts(batch, tuples);
    const SoftHistogram histogram = bins();
    const at::Tensor d = distances(batch);
    const at::Tensor near =
        histogram.counts(d, counts.positive).sum(0).div(counts.positive.sum().clamp_min(1));
    const at::Tensor farther = near.flip(0).cumsum(0).flip(0);
    return reduced(histogram.interpolated(d, farther), counts.negative, batch.labels,
                   reducer->reduction());
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const PairPlaces places(batch, tuples);
    const Reduction reduction = reducer->reduction();
    const SoftHistogram histogram = bins();
    const auto n_nodes = static_cast<std::size_t>(histogram.n_nodes());
    return fused(distances(batch), [&]<class T>(const T* d, T* gradient) {
      const std::int64_t n = places.n_anchors(), m = places.n_others();
      PairRows<T> rows(places);
      auto for_each_row = [&](auto visit) {
        for (std::int64_t i = 0; i < n; ++i) {
          visit(rows.load(i, d + i * m));
          rows.add_to(gradient + i * m);
        }
      };
      std::vector<double> farther(n_nodes), slopes(n_nodes), own(n_nodes);
      std::size_t n_positives = 0;
      for_each_row([&](const PairRow<T>& row) {
        histogram.add(row.positives, farther);
        n_positives += row.positives.size();
      });
      if (n_positives == 0) return Reduced{};
      const double share = 1 / static_cast<double>(n_positives);
      double sum = 0;
      for (std::size_t k = n_nodes; k-- > 0;) {
        sum += share * farther[k];
        farther[k] = sum;
      }

      TermSum terms(reduction, places);
      for_each_row([&](const PairRow<T>& row) {
        own.assign(n_nodes, 0);
        const KeptSum is = histogram.interpolated<T>(row.negatives, farther, terms.kept<T>(),
                                                     row.negative_gradient, own);
        const double factor = terms.add(row.anchor, is, row.negatives.size());
        multiply_by(row.negative_gradient, static_cast<T>(factor));
        for (std::size_t k = 0; k < n_nodes; ++k) slopes[k] += factor * own[k];
      });
      // A positive at a node is in φ of that node and of all nearer ones.
      sum = 0;
      for (double& slope : slopes) {
        sum += share * slope;
        slope = sum;
      }
      for_each_row([&](const PairRow<T>& row) {
        histogram.add_gradient<T>(row.positives, slopes, row.positive_gradient);
      });
      return Reduced{terms.value(), terms.scale()};
    });
  }

 private:
  SoftHistogram bins() const {
    return SoftHistogram::of_distances(
        *distance, normalize_embeddings || distance->ignores_length(), highest, n_bins);
  }

  std::int64_t n_bins = 100;
  std::optional<double> highest;
};

METRICLAB_PLUGIN(Histogram, "histogram");

}  // namespace
