// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/by_type.hpp>
#include <metriclab/deep/distance.hpp>
#include <metriclab/deep/loss.hpp>
#include <metriclab/deep/reducer.hpp>
#include <metriclab/deep/regularizer.hpp>
#include <vector>

namespace metriclab {

/// What losses have in common that compare embeddings: the distance, whether embeddings are
/// normalised for it, how terms become one number, and penalties added to that.
class TupleLoss : public Loss {
 public:
  ~TupleLoss() override;

  template <class T>
  static void describe_common(Description<T>& is) {
    is.parameter("distance", &TupleLoss::distance, "how embeddings are compared");
    is.parameter(
        "normalize_embeddings", &TupleLoss::normalize_embeddings,
        "embeddings are brought to length 1 before they are compared (cosine does so anyway)");
    is.parameter("reducer", &TupleLoss::reducer, "how the terms become one number");
    is.parameter("regularizers", &TupleLoss::regularizers, "penalties added to the loss");
  }

  /// Checks the batch and the tuples; the loss of the batch, and the penalties.
  at::Tensor forward(const Batch& batch, const Tuples& tuples) final;
  /// Cosine where the lengths of embeddings don't matter: on normalised ones, Euclidean and inner
  /// product give the same order. Otherwise that of `distance`.
  Distance learned_distance() const override;

 protected:
  /// The defaults of a derived loss.
  TupleLoss(const char* default_distance, bool normalized, const char* default_reducer);

  /// The loss of a batch that has been checked, without the penalties.
  virtual at::Tensor tuple_loss(const Batch& batch, const Tuples& tuples) = 0;
  /// The trained vectors of the classes, (classes × d), which regularizers may act on; undefined:
  /// there are none.
  virtual at::Tensor weights() const { return {}; }

  /// The matrix (n × m) of distances between vectors, normalised first where the parameters say so.
  at::Tensor distances(const at::Tensor& x, const at::Tensor& y) const;
  /// That of the batch and its second side, (B × R).
  at::Tensor distances(const Batch& batch) const {
    return distances(batch.embeddings, batch.others());
  }

  Plugin<BatchDistance> distance;
  bool normalize_embeddings;
  Plugin<Reducer> reducer;
  std::vector<Plugin<Regularizer>> regularizers;
};

/// What a kernel gives: the loss, and by what its gradient is still to be multiplied.
struct Reduced {
  double value = 0;
  double scale = 1;
};

/// Zeros of a tensor's shape and type.
at::Tensor zeros_like_values(const at::Tensor& tensor);

/// Runs `kernel(const T* distances, T* gradient)`, which returns Reduced, over a contiguous matrix
/// in the CPU's memory, gradient being 0 beforehand, and connects the result to autograd.
template <class Kernel>
at::Tensor fused(const at::Tensor& distances, Kernel kernel) {
  const at::Tensor here = distances.detach().to(at::kCPU).contiguous();
  at::Tensor gradient = zeros_like_values(here);
  const Reduced reduced =
      by_type(here, [&]<class T>(T) { return kernel(here.data_ptr<T>(), gradient.data_ptr<T>()); });
  return with_gradient(reduced.value, distances, gradient.to(distances.device()), reduced.scale);
}

}  // namespace metriclab
