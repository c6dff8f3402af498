// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/zeros.h>

#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/class_vectors.hpp>

namespace {

using namespace metriclab;

/// Center loss: draws each embedding to the centre of its class.
///
///     loss = mean over the examples of ½ ‖x − c_y‖²                           (Eq. 2)
///     c_j ← c_j − α (Σ over the n_j examples of class j of (c_j − x)) / (1 + n_j)   (Eq. 4)
///
/// α: `center_rate`. The centres follow the embeddings by that rule and are no parameters: the
/// optimiser has no part in them. Alone it is least where all embeddings coincide; it is meant
/// beside a classifying loss ("sum"). Shapes: embeddings (B × d), labels (B) below the number of
/// classes; kept: centers (classes × d), at first 0. An empty batch: 0. Cost: O(B d) time and
/// memory, O(C d) kept for C classes.
class Center final : public TupleLoss {
 public:
  Center() : TupleLoss("squared_euclidean", false, "mean") {}
  static void describe(Description<Center>& is) {
    is.summary("draws each embedding to its class's centre, which follows the embeddings");
    is.source(
        "Wen, Zhang, Li, Qiao. A discriminative feature learning approach for deep face "
        "recognition. ECCV 2016");
    is.cost("O(B d) time and memory, O(C d) kept for C classes");
    is.parameter("center_rate", &Center::center_rate, "α: how fast the centres follow")
        .at_least(0)
        .at_most(1);
    describe_reduction(is);
  }

  void prepare(const LossSetting& setting) override {
    if (setting.n_classes < 1) throw Error("needs classes: the data has none").by_nature();
    centers_ =
        buffer("centers", at::zeros({setting.n_classes, setting.embedding_size}, setting.type));
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    METRICLAB_CHECK(centers_.defined(), "a loss that was not prepared");
    const at::Tensor labels = labels_below(batch, centers_.size(0), "centers");
    const at::Tensor apart = batch.embeddings.sub(centers_.index_select(0, labels));
    at::Tensor terms = apart.square().sum(1).mul(0.5);
    if (tuples.form != Tuples::Form::all) terms = terms.mul(example_weights(batch, tuples));
    follow(labels, apart.detach());
    return reduced(terms, batch.labels, reducer->reduction());
  }

 private:
  void follow(const at::Tensor& labels, const at::Tensor& apart) const {
    const WithoutAutograd off;
    const at::Tensor counts = at::Tensor(centers_.new_ones({centers_.size(0), 1}))
                                  .index_add_(0, labels, apart.new_ones({labels.size(0), 1}));
    at::Tensor sums = centers_.new_zeros(centers_.sizes());
    sums.index_add_(0, labels, apart.to(centers_.scalar_type()));
    centers_.add_(sums.div(counts), center_rate);
  }

  double center_rate = 0.5;
  at::Tensor centers_;
};

METRICLAB_PLUGIN(Center, "center");

}  // namespace
