// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/by_type.hpp>
#include <metriclab/deep/distance.hpp>
#include <metriclab/deep/loss.hpp>
#include <metriclab/deep/pair_rows.hpp>
#include <metriclab/deep/reducer.hpp>
#include <metriclab/deep/regularizer.hpp>
#include <metriclab/deep/tensor_terms.hpp>
#include <vector>

namespace metriclab {

/// What losses have in common that compare embeddings: the distance, whether embeddings are
/// normalised for it, how terms become one number, and penalties added to that.
///
/// A derived loss is written once in tensor operations (`tensor_loss`), which run on any device
/// without waiting for it, and where that pays once more as a kernel for the CPU (`fused_loss`).
/// Both see a batch that is checked and, where nothing was mined, grouped by class.
class TupleLoss : public Loss {
 public:
  ~TupleLoss() override;

  template <class T>
  static void describe_common(Description<T>& is) {
    is.parameter("distance", &TupleLoss::distance, "how embeddings are compared");
    is.parameter(
        "normalize_embeddings", &TupleLoss::normalize_embeddings,
        "embeddings are brought to length 1 before they are compared (cosine does so anyway)");
    describe_reduction(is);
  }
  /// Without the distance, for losses that are made of angles.
  template <class T>
  static void describe_reduction(Description<T>& is) {
    is.parameter("reducer", &TupleLoss::reducer, "how the terms become one number");
    is.parameter("regularizers", &TupleLoss::regularizers, "penalties added to the loss");
  }

  /// Checks the batch and the tuples; the loss of the batch, and the penalties.
  at::Tensor forward(const Batch& batch, const Tuples& tuples) final {
    return forward(batch, tuples, batch.embeddings.is_cpu());
  }
  /// The same, in tensor operations whatever the device.
  at::Tensor forward_in_tensors(const Batch& batch, const Tuples& tuples) {
    return forward(batch, tuples, false);
  }
  /// Cosine where the embeddings are normalised and that is the same order of neighbours, as it is
  /// of Euclidean distances and inner products; otherwise that of `distance`, also for manhattan,
  /// of which it is not (see `evaluation_distance`).
  Distance learned_distance() const override;

 protected:
  /// The defaults of a derived loss. One that declares no distance (`describe_reduction`) learns
  /// `default_distance`, which is then the name of a `Distance`.
  TupleLoss(const char* default_distance, bool normalized, const char* default_reducer);

  /// The loss of the batch without the penalties.
  virtual at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) = 0;
  virtual at::Tensor fused_loss(const Batch& batch, const Tuples& tuples) {
    return tensor_loss(batch, tuples);
  }
  /// The trained vectors of the classes, (classes·k × d), which regularizers may act on; undefined:
  /// there are none.
  virtual at::Tensor weights() const { return {}; }
  /// How many of them a class has, which stand together.
  virtual std::int64_t vectors_per_class() const { return 1; }

  /// The matrix (n × m) of distances between vectors, normalised first where the parameters say so.
  at::Tensor distances(const at::Tensor& x, const at::Tensor& y) const;
  /// That of the batch and its second side, (B × R).
  at::Tensor distances(const Batch& batch) const {
    return distances(batch.embeddings, batch.others());
  }

  /// Those of x's rows `rows` to y's rows `columns` alone, (T) int64 to (T): worth it where they
  /// are few.
  at::Tensor distances_at(const at::Tensor& x, const at::Tensor& rows, const at::Tensor& y,
                          const at::Tensor& columns) const;

  Plugin<BatchDistance> distance;
  bool normalize_embeddings;
  Plugin<Reducer> reducer;
  std::vector<Plugin<Regularizer>> regularizers;

 private:
  at::Tensor forward(const Batch& batch, const Tuples& tuples, bool fused);
};

/// What a kernel gives: the loss, and by what its gradient is still to be multiplied.
struct Reduced {
  double value = 0;
  double scale = 1;
};

/// New tensors of a tensor's shape and type.
at::Tensor zeros_like_values(const at::Tensor& tensor);
at::Tensor empty_like_values(const at::Tensor& tensor);

/// Runs `kernel(const T* distances, T* gradient)`, which returns Reduced, over a matrix in the
/// CPU's memory, gradient being 0 beforehand, and connects the result to autograd.
template <class Kernel>
at::Tensor fused(const at::Tensor& distances, Kernel kernel) {
  const at::Tensor here = distances.detach().contiguous();
  at::Tensor gradient = zeros_like_values(here);
  const Reduced reduced =
      by_type(here, [&]<class T>(T) { return kernel(here.data_ptr<T>(), gradient.data_ptr<T>()); });
  return with_gradient(reduced.value, distances, std::move(gradient), reduced.scale);
}

/// The like for a kernel over anchors: the scales of what it wrote to the positives' and to the
/// negatives' gradient.
struct ReducedPairs {
  double value = 0;
  double positive_scale = 1, negative_scale = 1;
};

/// Runs `kernel(const PairRow<T>&)` for each anchor, then `finish()`, which returns ReducedPairs.
template <class Kernel, class Finish>
at::Tensor fused_rows(const at::Tensor& distances, const PairPlaces& places, Kernel kernel,
                      Finish finish) {
  const at::Tensor here = distances.detach().contiguous();
  at::Tensor gradient = empty_like_values(here);
  const Reduced reduced = by_type(here, [&]<class T>(T) -> Reduced {
    const std::int64_t n = places.n_anchors(), m = places.n_others();
    const T* d = here.data_ptr<T>();
    T* to = gradient.data_ptr<T>();
    PairRows<T> rows(places);
    for (std::int64_t i = 0; i < n; ++i) {
      kernel(rows.load(i, d + i * m));
      rows.store(to + i * m);
    }
    const ReducedPairs is = finish();
    // Negatives are many and have their scale for nothing.
    if (is.negative_scale == 0) return {is.value, is.positive_scale};
    if (is.positive_scale != is.negative_scale)
      for (std::int64_t i = 0; i < n; ++i)
        rows.scale_positives(i, static_cast<T>(is.positive_scale / is.negative_scale), to + i * m);
    return {is.value, is.negative_scale};
  });
  return with_gradient(reduced.value, distances, std::move(gradient), reduced.scale);
}

}  // namespace metriclab
