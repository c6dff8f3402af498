// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/rsub.h>
#include <ATen/ops/where.h>

#include <cmath>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/class_vectors.hpp>
#include <metriclab/deep/row_math.hpp>
#include <numbers>

namespace metriclab {

ClassVectorLoss::ClassVectorLoss(const char* name, const char* default_distance, bool normalized,
                                 const char* default_reducer)
    : TupleLoss(default_distance, normalized, default_reducer), name_(name) {}
ClassVectorLoss::~ClassVectorLoss() = default;

void ClassVectorLoss::prepare(const LossSetting& setting) {
  if (setting.n_classes < 1) throw Error("needs classes: the data has none").by_nature();
  const std::int64_t rows = setting.n_classes * vectors_per_class();
  Random random = setting.random.child(name_);
  vectors_ = parameter(
      name_, normal_tensor({rows, setting.embedding_size}, std::sqrt(2 / static_cast<double>(rows)),
                           random, setting.type));
}

at::Tensor ClassVectorLoss::similarities(const Batch& batch) const {
  METRICLAB_CHECK(vectors_.defined(), "a loss that was not prepared");
  return distances(batch.embeddings, vectors_).neg().add(distance->similarity_offset());
}

at::Tensor ClassVectorLoss::cosines(const Batch& batch) const {
  METRICLAB_CHECK(vectors_.defined(), "a loss that was not prepared");
  return at::rsub(cosine_matrix(batch.embeddings, vectors_), 1);
}

at::Tensor ClassVectorLoss::reduced_examples(const at::Tensor& terms, const Batch& batch,
                                             const Tuples& tuples) const {
  if (tuples.form == Tuples::Form::all) return reduced(terms, batch.labels, reducer->reduction());
  return reduced(terms.mul(example_weights(batch, tuples)), batch.labels, reducer->reduction());
}

at::Tensor ClassVectorLoss::with_own(const at::Tensor& all, const Batch& batch,
                                     const at::Tensor& own) const {
  return all.scatter(1, labels(batch).unsqueeze(1), own.unsqueeze(1));
}

at::Tensor ClassVectorLoss::own(const at::Tensor& all, const Batch& batch) const {
  return all.gather(1, labels(batch).unsqueeze(1)).squeeze(1);
}

SoftmaxLoss::~SoftmaxLoss() = default;

at::Tensor SoftmaxLoss::tensor_loss(const Batch& batch, const Tuples& tuples) {
  return reduced_examples(own(at::log_softmax(logits(batch), 1), batch).neg(), batch, tuples);
}

at::Tensor SoftmaxLoss::fused_loss(const Batch& batch, const Tuples& tuples) {
  labels(batch);  // throws where there is no vector for one
  const at::Tensor logits = fused_logits(batch);
  const std::int64_t n = logits.size(0), n_columns = logits.size(1);
  const std::vector<std::int64_t> labels_of = as_indices(batch.labels);
  const at::Tensor weights = example_weights(batch, tuples).to(at::kDouble);
  const Reduction reduction = reducer->reduction();
  return fused(logits, [&]<class T>(const T* z, T* gradient) -> Reduced {
    TermSum terms(reduction, labels_of.data(), n);
    const double* weight = weights.data_ptr<double>();
    for (std::int64_t i = 0; i < n; ++i, z += n_columns, gradient += n_columns) {
      const auto width = static_cast<std::size_t>(n_columns);
      const std::span<T> shares(gradient, width);
      const auto y = labels_of[static_cast<std::size_t>(i)];
      const double term =
          log_sum_exp(std::span<const T>(z, width), T(1), T(0), false, shares) - double{z[y]};
      const double factor = weight[i] * terms.add_one(i, weight[i] * term);
      multiply_by(shares, static_cast<T>(factor));
      gradient[y] -= static_cast<T>(factor);
    }
    return {terms.value(), terms.scale()};
  });
}

at::Tensor angles_of(const at::Tensor& cosines) {
  constexpr double kLeast = 1e-7;
  return cosines.clamp(-1 + kLeast, 1 - kLeast).acos();
}

at::Tensor with_angular_margin(const at::Tensor& cosines, const at::Tensor& margins) {
  const at::Tensor angles = angles_of(cosines);
  return at::where(angles.le(margins.neg().add(std::numbers::pi)), angles.add(margins).cos(),
                   angles.cos().sub(margins.mul(margins.sin())));
}

at::Tensor with_angular_margin(const at::Tensor& cosines, double margin) {
  return with_angular_margin(cosines, cosines.detach().new_full({}, margin));
}

double radians(double degrees) { return degrees * std::numbers::pi / 180; }

}  // namespace metriclab
