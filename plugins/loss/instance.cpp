// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/softmax_terms.hpp>
#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// Instance loss over a batch.
///
///     term of anchor i = −(1/|T(i)|) Σ over t in T(i) of
///                        log( e^{γ s(i, t)} / Σ over j of e^{γ s(i, j)} )
///     loss = mean of the terms over the anchors
///
/// T(i): the rows of i's class, i itself among them; j: all rows of the batch, i among them too; s:
/// the similarity (offset − distance), by default the cosine. So each class is one to be
/// recognised, and the batch's embeddings are the class vectors; where every row is a class of its
/// own, a row is to be told from all the others. Against a reference set and with tuples given i
/// itself is not among the rows: T(i) are the positives, j runs over these and the negatives, and
/// an anchor without positives has no term. Triplets count as their different pairs. Shapes:
/// embeddings (B × d), labels (B). A batch of one, or no tuples: 0, with zero gradient. Cost: O(B²
/// d) time, O(B²) memory. Differs from the paper: Eq. 4 there has trained vectors of all the
/// training's instances in the place of the batch's rows (the loss "normalized_softmax" has such).
class Instance final : public TupleLoss {
 public:
  Instance() : TupleLoss("cosine", true, "mean") {}
  static void describe(Description<Instance>& is) {
    is.summary("a softmax over all rows of the batch is to find those of the anchor's class");
    is.source(
        "Zheng, Zheng, Garrett, Yang, Xu, Shen. Dual-path convolutional image-text embeddings with "
        "instance loss. ACM TOMM 2020 (arXiv 2017)");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("gamma", &Instance::gamma, "γ: the larger, the more the most similar rows count")
        .above(0);
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    PairCounts counts = pair_counts(batch, tuples);
    if (with_itself(batch, tuples)) counts.positive.fill_diagonal_(1);
    const at::Tensor terms = cross_entropies(distances(batch).mul(-gamma), counts);
    return reduced(terms, counts.positive.sum(1).gt(0).to(terms.scalar_type()), batch.labels,
                   reducer->reduction());
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const PairPlaces places(batch, tuples);
    const Reduction reduction = reducer->reduction();
    TermSum terms(reduction, places);
    const at::Tensor d = distances(batch);
    if (with_itself(batch, tuples))
      return fused(d, [&]<class T>(const T* values, T* gradient) {
        const auto n = static_cast<std::size_t>(places.n_anchors());
        for (std::size_t i = 0; i < n; ++i)
          add_row(terms, places, static_cast<std::int64_t>(i), std::span(values + i * n, n),
                  std::span(gradient + i * n, n));
        return Reduced{terms.value(), terms.scale()};
      });
    return fused_rows(
        d, places,
        [&]<class T>(const PairRow<T>& row) {
          if (row.positives.empty()) return;
          const double term = cross_entropy(row, static_cast<T>(-gamma));
          const T factor = static_cast<T>(terms.add_one(row.anchor, term));
          multiply_by(row.positive_gradient, factor);
          multiply_by(row.negative_gradient, factor);
        },
        [&] {
          return ReducedPairs{terms.value(), terms.scale(), terms.scale()};
        });
  }

 private:
  static bool with_itself(const Batch& batch, const Tuples& tuples) {
    return tuples.form == Tuples::Form::all && !batch.has_reference();
  }

  /// The whole row is the softmax; the rows of the class stand together, i among them.
  template <class T>
  void add_row(TermSum& terms, const PairPlaces& places, std::int64_t i, std::span<const T> row,
               std::span<T> gradient) const {
    const auto positives = places.positive_ranges(i);
    const auto begin = static_cast<std::size_t>(positives.begin[0]),
               n = static_cast<std::size_t>(positives.end[1]) - begin;
    const T slope = static_cast<T>(-gamma);
    const double all = log_sum_exp(row, slope, T(0), false, gradient),
                 mean = -gamma * sum_of(row.subspan(begin, n)) / static_cast<double>(n);
    const double factor = -gamma * terms.add_one(i, row.size() == 1 ? 0 : all - mean);
    multiply_by(gradient, static_cast<T>(factor));
    for (T& own : gradient.subspan(begin, n))
      own -= static_cast<T>(factor / static_cast<double>(n));
  }

  double gamma = 64;
};

METRICLAB_PLUGIN(Instance, "instance");

}  // namespace
