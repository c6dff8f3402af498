// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/deep/tuple_loss.hpp>
#include <vector>

namespace {

using namespace metriclab;

/// Intra-pair variance loss: no pair is to lag behind the mean of its kind. It is meant beside
/// another loss ("sum").
///
///     loss = R over P of [(1 − ε⁺) S⁺ − s(a, p)]₊²
///          + R over N of [s(a, n) − (1 + ε⁻) S⁻]₊²                            (Eq. 9–10)
///
/// s: the similarity, by default the cosine; S⁺, S⁻: its mean over the positive and over the
/// negative pairs, through which the gradient goes as well; R: the reducer, on each sum by itself.
/// With a distance that is no similarity: [d(a, p) − (1 + ε⁺) D⁺]₊ and [(1 − ε⁻) D⁻ − d(a, n)]₊.
/// Shapes: embeddings (B × d), labels (B). Without pairs: 0, with zero gradient. Triplets given
/// count as their different pairs. Cost: O(B² d) time, O(B²) memory.
class IntraPairVariance final : public TupleLoss {
 public:
  IntraPairVariance() : TupleLoss("cosine", true, "mean") {}
  static void describe(Description<IntraPairVariance>& is) {
    is.summary("pulls those positive and negative pairs along that lag behind the mean");
    is.source("Yu, Tao. Deep metric learning with tuplet margin loss. ICCV 2019");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("positive_epsilon", &IntraPairVariance::positive_epsilon,
                 "ε⁺: how far behind the mean a positive may lag, as a share of the mean")
        .at_least(0);
    is.parameter("negative_epsilon", &IntraPairVariance::negative_epsilon, "ε⁻, likewise")
        .at_least(0);
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const PairCounts counts = pair_counts(batch, tuples);
    const at::Tensor d = distances(batch);
    const Ends ends = this->ends();
    auto part = [&](const at::Tensor& count, double slope, double share) {
      const at::Tensor mean = d.sub(ends.offset).mul(count).sum().div(count.sum().clamp_min(1));
      return reduced(d.sub(ends.offset).sub(mean.mul(share)).mul(slope).clamp_min(0).square(),
                     count, batch.labels, reducer->reduction());
    };
    return part(counts.positive, 1, ends.positive_share)
        .add(part(counts.negative, -1, ends.negative_share));
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const PairPlaces places(batch, tuples);
    const at::Tensor d = distances(batch).contiguous();
    return by_type(d, [&]<class T>(T) { return fused_as<T>(d, places); });
  }

 private:
  /// Both kinds of distance at once: the similarity s is offset − d, so that the threshold (1 − ε)
  /// S is on d − offset the share 1 − ε of its mean.
  struct Ends {
    double offset, positive_share, negative_share;
  };
  Ends ends() const {
    // A threshold of a similarity turns its sign as a distance.
    const bool is_similarity = distance->as_distance(1) < distance->as_distance(0);
    if (is_similarity)
      return {distance->similarity_offset(), 1 - positive_epsilon, 1 + negative_epsilon};
    return {0, 1 + positive_epsilon, 1 - negative_epsilon};
  }

  /// One kind of pairs: terms [slope (d − offset − share · mean)]₊².
  struct Part {
    double slope, share;
    double sum = 0, count = 0;      // of d − offset
    double slopes = 0;              // Σ of the terms' derivatives by d, with the anchors' factors
    std::vector<double> factors{};  // of each anchor
    double threshold(double offset) const { return offset + (count > 0 ? share * sum / count : 0); }
  };

  template <class T>
  at::Tensor fused_as(const at::Tensor& d, const PairPlaces& places) const {
    const Reduction reduction = reducer->reduction();
    const Ends ends = this->ends();
    const std::int64_t n = places.n_anchors(), m = places.n_others();
    Part positive{1, ends.positive_share}, negative{-1, ends.negative_share};
    PairRows<T> rows(places);
    auto for_each = [&](auto visit) {
      for (std::int64_t i = 0; i < n; ++i) visit(rows.load(i, d.data_ptr<T>() + i * m));
    };
    auto count = [&](Part& part, std::span<const T> values) {
      part.count += static_cast<double>(values.size());
      part.sum += sum_of(values) - ends.offset * static_cast<double>(values.size());
    };
    for_each([&](const PairRow<T>& row) {
      count(positive, row.positives);
      count(negative, row.negatives);
    });
    TermSum of_positives(reduction, places), of_negatives(reduction, places);
    for_each([&](const PairRow<T>& row) {
      add(of_positives, row.anchor, row.positives, ends.offset, positive, row.positive_gradient);
      add(of_negatives, row.anchor, row.negatives, ends.offset, negative, row.negative_gradient);
    });
    return fused_rows(
        d, places,
        [&]<class U>(const PairRow<U>& row) {
          differentiate(of_positives, row.anchor, row.positives, ends.offset, positive,
                        row.positive_gradient);
          differentiate(of_negatives, row.anchor, row.negatives, ends.offset, negative,
                        row.negative_gradient);
        },
        [&] { return ReducedPairs{of_positives.value() + of_negatives.value()}; });
  }

  /// The bounds of terms as those of half squares.
  template <class T>
  static Kept<T> halved(const TermSum& terms) {
    return {terms.kept<T>().low / 2, terms.kept<T>().high / 2};
  }

  template <class T>
  void add(TermSum& terms, std::int64_t anchor, std::span<const T> d, double offset, Part& part,
           std::span<T> scratch) const {
    const T slope = static_cast<T>(part.slope),
            shift = static_cast<T>(-part.slope * part.threshold(offset));
    KeptSum is = squared_hinge_sum(d, slope, shift, halved<T>(terms));
    is.sum *= 2;
    part.factors.push_back(terms.add(anchor, is, d.size()));
    add_squared_hinge_gradient(d, slope, shift, halved<T>(terms),
                               static_cast<T>(2 * part.factors.back()), scratch);
    part.slopes += sum_of<T>(scratch);
  }

  /// The terms' own gradient, and that through the mean, which all pairs of the kind share.
  template <class T>
  void differentiate(const TermSum& terms, std::int64_t anchor, std::span<const T> d, double offset,
                     const Part& part, std::span<T> gradient) const {
    const T through_mean =
        static_cast<T>(part.count > 0 ? -part.share * part.slopes * terms.scale() / part.count : 0);
    std::fill(gradient.begin(), gradient.end(), through_mean);
    const double factor = part.factors[static_cast<std::size_t>(anchor)] * terms.scale();
    add_squared_hinge_gradient(d, static_cast<T>(part.slope),
                               static_cast<T>(-part.slope * part.threshold(offset)),
                               halved<T>(terms), static_cast<T>(2 * factor), gradient);
  }

  double positive_epsilon = 0.01;
  double negative_epsilon = 0.01;
};

METRICLAB_PLUGIN(IntraPairVariance, "intra_pair_variance");

}  // namespace
