// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <metriclab/deep/distance.hpp>
#include <metriclab/deep/row_math.hpp>
#include <optional>
#include <span>

namespace metriclab {

/// A histogram that can be differentiated: `n_bins` + 1 nodes at equal distances from `lowest` to
/// `highest`; a value between two of them counts in both, the more the nearer (a triangular
/// kernel). Values outside count at the first or the last node, with gradient 0.
class SoftHistogram {
 public:
  SoftHistogram(double lowest, double highest, std::int64_t n_bins);
  /// Over the distances that there are between vectors of length 1, or from 0 to `highest` where
  /// that is stated. Throws Error where neither says how far it goes (`is_bounded`: embeddings are
  /// of length 1).
  static SoftHistogram of_distances(const BatchDistance& distance, bool is_bounded,
                                    std::optional<double> highest, std::int64_t n_bins);

  std::int64_t n_nodes() const { return n_bins_ + 1; }

  /// counts_k += what the values x count at node k
  template <class T>
  void add(std::span<const T> x, std::span<double> counts) const;
  /// gradient += the derivative by x of Σ_k slopes_k · counts_k
  template <class T>
  void add_gradient(std::span<const T> x, std::span<const double> slopes,
                    std::span<T> gradient) const;
  /// Terms t(x) = the values at the nodes, linearly interpolated: the sum of those kept, whose
  /// derivatives are written to `gradient`, 0 for the others; `counts`: as `add` for those kept.
  template <class T>
  KeptSum interpolated(std::span<const T> x, std::span<const double> values, Kept<T> kept,
                       std::span<T> gradient, std::span<double> counts) const;

  // The same in tensor operations.

  /// (n × nodes): the weighed counts of each row of x, (n × m).
  at::Tensor counts(const at::Tensor& x, const at::Tensor& weights) const;
  /// The interpolation of `values`, (nodes), at x, of x's shape.
  at::Tensor interpolated(const at::Tensor& x, const at::Tensor& values) const;

 private:
  struct Place {
    std::int64_t node;  // the lower of the two
    double part;        // how far it is on the way to the upper one, 0 … 1
    bool is_inside;
  };
  template <class T>
  Place place(T x) const;
  struct Places {
    at::Tensor node, part;
  };
  Places places(const at::Tensor& x) const;

  double lowest_, per_width_;
  std::int64_t n_bins_;
};

}  // namespace metriclab
