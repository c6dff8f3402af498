// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/triplet_terms.hpp>
#include <metriclab/deep/tuple_loss.hpp>
#include <tuple>

namespace {

using namespace metriclab;

/// Bayesian personalised ranking.
///
///     term of a triplet (u, i, j) = −log σ(s(u, i) − s(u, j))
///     loss = mean of the terms over the triplets                              (section 4.1)
///
/// u: a user; i: an item that u chose; j: one that u did not; s: the similarity, by default the
/// inner product. Triplets are given (the data set's, by the sampler "fixed_tuples"), or all those
/// that the labels allow; pairs given are joined on their anchor. Shapes: embeddings (B × d),
/// labels (B). Without triplets: 0, with zero gradient. The paper's prior on the parameters is the
/// regularizer "lp" with power 2. Cost: O(B² d) time and O(B²) memory, and the positive pairs times
/// B over all triplets.
class Bpr final : public TupleLoss {
 public:
  Bpr() : TupleLoss("dot", false, "mean") {}
  static void describe(Description<Bpr>& is) {
    is.summary("what was chosen is to be more similar than what was not: a logistic loss");
    is.source(
        "Rendle, Freudenthaler, Gantner, Schmidt-Thieme. BPR: Bayesian personalized ranking from "
        "implicit feedback. UAI 2009");
    is.cost("O(B² d) time, O(B²) memory; over all triplets the positive pairs times B");
    is.property("invariant_to_rotation");
    describe_common(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    return reduced_triplets(distances(batch), batch, tuples, reducer->reduction(),
                            [](const at::Tensor& d, const at::Tensor& anchors,
                               const at::Tensor& positives, const at::Tensor& negatives) {
                              return terms_of(near_and_far(d, anchors, positives, negatives));
                            });
  }

  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) override {
    const at::Tensor &x = batch.embeddings, &y = batch.others();
    const Reduction reduction = reducer->reduction();
    if (are_few_triplets(batch, tuples))
      return reduced_list(terms_of({distances_at(x, tuples.anchor, y, tuples.positive),
                                    distances_at(x, tuples.anchor, y, tuples.negative)}),
                          batch, tuples, reduction);
    if (tuples.form == Tuples::Form::triplets) return tensor_loss(batch, tuples);
    const PairPlaces places(batch, tuples);
    TermSum terms(reduction, places);
    std::tuple<std::vector<float>, std::vector<double>> scratch;
    return fused_rows(
        distances(batch), places,
        [&]<class T>(const PairRow<T>& row) {
          add_triplet_softplus(terms, row, T(0), std::get<std::vector<T>>(scratch));
        },
        [&] {
          return ReducedPairs{terms.value(), terms.scale(), terms.scale()};
        });
  }

 private:
  static at::Tensor terms_of(const NearAndFar& is) {
    const at::Tensor z = is.near.sub(is.far);
    return z.clamp_min(0).add(z.abs().neg().exp().log1p());
  }
};

METRICLAB_PLUGIN(Bpr, "bpr");

}  // namespace
