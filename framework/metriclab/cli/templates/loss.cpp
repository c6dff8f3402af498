#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/distance.hpp>
#include <metriclab/deep/loss.hpp>

namespace {

using namespace metriclab;

/// Contrastive loss with squared hinges.
///
///     loss = mean over P of d(a, p)² + mean over N of [margin − d(a, n)]₊²
///
/// P, N: the positive and negative pairs, a mean without any being 0; d: `distance`, not squared.
/// Pairs are ordered: (i, j) and (j, i) both count. Shapes: embeddings (B × d), labels (B).
/// Without pairs: 0, with zero gradient. Cost: O(B² d) time, O(B²) memory.
class MyLoss final : public Loss {
 public:
  static void describe(Description<MyLoss>& is) {
    is.summary("pulls positive pairs together, pushes negative pairs apart to a margin, squared");
    is.source("yours: authors, title, venue, year; the number of the equation");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");  // with the defaults, which normalise
    is.parameter("margin", &MyLoss::margin, "negatives farther than this cost nothing").above(0);
    is.parameter("normalize_embeddings", &MyLoss::normalize_embeddings,
                 "embeddings are brought to length 1 before they are compared");
    is.parameter("distance", &MyLoss::distance, "how embeddings are compared");
  }

  at::Tensor forward(const Batch& batch, const Tuples& tuples) override {
    check_batch(batch);
    check_tuples(batch, tuples);
    const AnchorPairs pairs(batch, tuples);  // whichever form the tuples have
    const at::Tensor d = distance->matrix(compared(batch.embeddings), compared(batch.others()));
    // (B × R): how often each pair counts. Autograd does the rest.
    const at::Tensor P = counts(pairs, d, &AnchorPairs::positives);
    const at::Tensor N = counts(pairs, d, &AnchorPairs::negatives);
    return mean_over(P, d.square()).add(mean_over(N, d.neg().add(margin).clamp_min(0).square()));
  }

  /// What evaluators are to compare the embeddings by.
  Distance learned_distance() const override {
    return evaluation_distance(*distance, normalize_embeddings);
  }

 private:
  at::Tensor compared(const at::Tensor& x) const {
    return normalize_embeddings ? normalized_rows(x) : x;
  }

  static at::Tensor counts(const AnchorPairs& pairs, const at::Tensor& like,
                           std::span<const Index> (AnchorPairs::*of)(std::int64_t) const) {
    at::Tensor counts = like.detach().to(at::kCPU, at::kDouble).contiguous().clone().zero_();
    double* row = counts.data_ptr<double>();
    for (std::int64_t i = 0; i < pairs.n_anchors(); ++i, row += pairs.n_others())
      for (const Index j : (pairs.*of)(i)) row[j] += 1;
    return counts.to(like.options());
  }

  static at::Tensor mean_over(const at::Tensor& counts, const at::Tensor& terms) {
    return counts.mul(terms).sum().div(counts.sum().clamp_min(1));
  }

  double margin = 1;  // the initialiser is the default, and stands nowhere else
  bool normalize_embeddings = true;
  Plugin<BatchDistance> distance = "euclidean";
};

METRICLAB_PLUGIN(MyLoss, "my_loss");

}  // namespace
