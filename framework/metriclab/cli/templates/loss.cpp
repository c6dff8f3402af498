#include <metriclab/deep/tuple_loss.hpp>

namespace {

using namespace metriclab;

/// Contrastive loss with squared hinges.
///
///     loss = R over P of d(a, p)² + R over N of [margin − d(a, n)]₊²
///
/// P, N: the positive and negative pairs; R: the reducer, by default the mean, of none 0; d: by
/// default the Euclidean distance, not squared, of normalised embeddings. Pairs are ordered: (i, j)
/// and (j, i) both count. Shapes: embeddings (B × d), labels (B). Without pairs: 0, with zero
/// gradient. Cost: O(B² d) time, O(B²) memory.
class MyLoss final : public TupleLoss {
 public:
  MyLoss() : TupleLoss("euclidean", true, "mean") {}  // distance, normalised or not, reducer
  static void describe(Description<MyLoss>& is) {
    is.summary("pulls positive pairs together, pushes negative pairs apart to a margin, squared");
    is.source("yours: authors, title, venue, year; the number of the equation");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");  // with the defaults, which normalise
    is.parameter("margin", &MyLoss::margin, "negatives farther than this cost nothing").above(0);
    describe_common(is);  // distance, normalize_embeddings, reducer, regularizers
  }

 protected:
  // In tensor operations, of which autograd makes the gradient, on any device.
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    const at::Tensor d = distances(batch);                 // (B × R)
    const PairCounts counts = pair_counts(batch, tuples);  // how often each pair counts, (B × R)
    const at::Tensor far = d.neg().add(margin).clamp_min(0);
    return reduced(d.square(), counts.positive, batch.labels, reducer->reduction())
        .add(reduced(far.square(), counts.negative, batch.labels, reducer->reduction()));
  }

 private:
  double margin = 1;  // the initialiser is the default, and stands nowhere else
};

METRICLAB_PLUGIN(MyLoss, "my_loss");

}  // namespace
