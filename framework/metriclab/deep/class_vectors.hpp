// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/deep/proxies.hpp>
#include <metriclab/deep/tuple_loss.hpp>

namespace metriclab {

/// What losses have in common that compare embeddings with trained vectors of the classes, of
/// which a class may have several: "proxies" or "weights" of a classifier, a row each, those of a
/// class together, (classes·k × d).
///
/// Tuples given weigh the examples' terms: by how often an example is in them, measured by the most
/// frequent one (see example_weights).
class ClassVectorLoss : public TupleLoss {
 public:
  ~ClassVectorLoss() override;

  /// Makes the vectors, independent normals (He et al. ICCV 2015: of deviation √(2 / rows)).
  /// Throws Error where there are no classes.
  void prepare(const LossSetting& setting) override;

 protected:
  /// `name`: of the trained tensor.
  ClassVectorLoss(const char* name, const char* default_distance, bool normalized,
                  const char* default_reducer);

  at::Tensor weights() const override { return vectors_; }
  std::int64_t n_classes() const { return vectors_.size(0) / vectors_per_class(); }
  /// Labels on the embeddings' device; throws Error where there is no vector for one.
  at::Tensor labels(const Batch& batch) const { return labels_below(batch, n_classes(), name_); }

  /// How similar each embedding is to each vector, (B × classes·k): the offset less the distance.
  at::Tensor similarities(const Batch& batch) const;
  /// (B × classes·k), whatever the distance.
  at::Tensor cosines(const Batch& batch) const;
  /// The reduction of a term for each example, (B), weighed by the tuples.
  at::Tensor reduced_examples(const at::Tensor& terms, const Batch& batch,
                              const Tuples& tuples) const;

  /// A matrix with the entries of the examples' own classes in another's place: `own`, (B).
  at::Tensor with_own(const at::Tensor& all, const Batch& batch, const at::Tensor& own) const;
  /// The entries of the examples' own classes, (B).
  at::Tensor own(const at::Tensor& all, const Batch& batch) const;

 private:
  const char* name_;
  at::Tensor vectors_;
};

/// Those that are a classifier's: the term of an example is −log softmax(logits) at its class.
class SoftmaxLoss : public ClassVectorLoss {
 public:
  ~SoftmaxLoss() override;

 protected:
  using ClassVectorLoss::ClassVectorLoss;

  /// (B × classes); softmax takes no notice of what is added to a whole row.
  virtual at::Tensor logits(const Batch& batch) = 0;
  /// The same for the CPU, where kernels pay.
  virtual at::Tensor fused_logits(const Batch& batch) { return logits(batch); }

  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) final;
  at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) final;
};

/// arccos, with no slope within 10⁻⁷ of ±1, where that of arccos is infinite.
at::Tensor angles_of(const at::Tensor& cosines);

/// cos(θ + m), m in radians, (n) or one for all; where θ + m is beyond π, cos θ − m sin m, so that
/// it goes on falling with θ (Deng et al. ArcFace. CVPR 2019, the authors' program).
at::Tensor with_angular_margin(const at::Tensor& cosines, const at::Tensor& margins);
at::Tensor with_angular_margin(const at::Tensor& cosines, double margin);

double radians(double degrees);

}  // namespace metriclab
