// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

#include <metriclab/data/distance.hpp>
#include <metriclab/deep/trainable.hpp>

namespace metriclab {

/// Plugin kind "distance": how losses and miners compare embeddings. For all of them, the smaller
/// the nearer.
class BatchDistance : public Component {
 public:
  static constexpr std::string_view kind = "distance";
  static constexpr std::string_view abi = kTorchAbi;
  ~BatchDistance() override;

  /// (n × d) and (m × d) to (n × m), differentiable with respect to both. Where the distance has no
  /// derivative (two embeddings that coincide), the gradient is 0, never NaN.
  virtual at::Tensor matrix(const at::Tensor& x, const at::Tensor& y) const = 0;
  /// (n × d) and (n × d) to (n): of each row and its partner alone, the diagonal of the matrix; the
  /// same holds of the derivative. By default small matrices, whose diagonals are taken.
  virtual at::Tensor pairs(const at::Tensor& x, const at::Tensor& y) const;
  /// True where the lengths of the embeddings don't matter, so that normalising them first is work
  /// for nothing.
  virtual bool ignores_length() const { return false; }
  /// The similarity that losses written in similarities use is `similarity_offset() − distance`.
  virtual double similarity_offset() const { return 0; }
  /// A threshold as papers state it (a similarity for "cosine" and "dot", otherwise a distance) as
  /// a distance.
  virtual double as_distance(double threshold) const { return threshold; }
  /// What evaluators are to compare by where this is what was learned: the same order of neighbours
  /// if there is such a one, otherwise Euclidean.
  virtual Distance for_evaluation() const { return Distance::euclidean; }
};

/// What evaluators, which see embeddings as the network gives them, are to compare by where a loss
/// compared them by `distance`, `normalized` (brought to length 1) or not.
///
/// As they are: its `for_evaluation`. Where lengths don't matter, cosine, if that gives the same
/// order of neighbours. On vectors of one length it is that of ‖x − y‖² = 2 − 2 cos and of what
/// rises with it, so of euclidean and squared_euclidean; of dot; and of poincare, whose (1 − ‖x‖²)
/// are all alike. For manhattan (and whatever else has an order of its own there) it is another:
/// evaluators are told that distance, and what they measure is exactly what was learned where the
/// network's embeddings are of one length; otherwise their lengths count, which they did not in
/// training.
Distance evaluation_distance(const BatchDistance& distance, bool normalized);

// The fast paths, one matrix product each way. x (n × d) and y (m × d), float32 or float64; y may
// be x itself. Cost: O(n·m·d) time, O(n·m) memory.

/// ‖x_i − y_j‖ or its square. Computed as ‖x‖² + ‖y‖² − 2x·y of centred vectors; pairs so near that
/// this would lose digits are computed directly, so that equal vectors are at distance 0 exactly.
at::Tensor euclidean_matrix(const at::Tensor& x, const at::Tensor& y, bool squared);
/// 1 − x_i·y_j / (‖x_i‖ ‖y_j‖); a zero vector is at distance 1 from everything.
at::Tensor cosine_matrix(const at::Tensor& x, const at::Tensor& y);
/// −x_i·y_j.
at::Tensor dot_matrix(const at::Tensor& x, const at::Tensor& y);

// The same of each row and its partner, (n × d) and (n × d) to (n), on any device.
at::Tensor euclidean_pairs(const at::Tensor& x, const at::Tensor& y, bool squared);
at::Tensor cosine_pairs(const at::Tensor& x, const at::Tensor& y);
at::Tensor dot_pairs(const at::Tensor& x, const at::Tensor& y);

/// Σ_k |x_ik − y_jk|. The gradient where two values are equal is 0.
at::Tensor manhattan_matrix(const at::Tensor& x, const at::Tensor& y);

/// tanh(‖x‖) x/‖x‖ of each row, which is shortened to length 1 before where it is longer: from the
/// tangent space at the origin into the Poincaré ball.
at::Tensor into_ball(const at::Tensor& x);
/// 1 − ‖u‖² of the rows u of that, (n), from x.
at::Tensor room_in_ball(const at::Tensor& x);

/// Each row divided by its Euclidean length; a zero row stays zero.
at::Tensor normalized_rows(const at::Tensor& x);

}  // namespace metriclab
