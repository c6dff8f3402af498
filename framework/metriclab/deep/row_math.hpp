// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>

namespace metriclab {

// What kernels of losses do with the distances of one anchor, in the widest vector registers that
// the processor has. T is float or double; sums are in float64 whatever T is. Spans of one call are
// of one length and don't overlap.

/// The open interval of terms that count.
template <class T>
struct Kept {
  T low, high;
};

struct KeptSum {
  double sum = 0;
  std::int64_t n_kept = 0;
};

/// Terms t = [slope·x + shift]₊: the sum of those kept.
template <class T>
KeptSum hinge_sum(std::span<const T> x, T slope, T shift, Kept<T> kept);
/// gradient += factor · ∂/∂x of that sum; returns how many of the terms kept are above 0.
template <class T>
std::int64_t add_hinge_gradient(std::span<const T> x, T slope, T shift, Kept<T> kept, T factor,
                                std::span<T> gradient);

/// Terms t = ½ [slope·x + shift]₊², and likewise.
template <class T>
KeptSum squared_hinge_sum(std::span<const T> x, T slope, T shift, Kept<T> kept);
template <class T>
void add_squared_hinge_gradient(std::span<const T> x, T slope, T shift, Kept<T> kept, T factor,
                                std::span<T> gradient);

/// Terms t = log(1 + e^z), z = slope·x + shift; `slopes` = ∂t/∂z of those kept, which is 1/(1 +
/// e^−z), and 0 for the others.
template <class T>
KeptSum softplus_sum(std::span<const T> x, T slope, T shift, Kept<T> kept, std::span<T> slopes);

/// Σ 1/(1 + e^−z), z = slope·x + shift; `values` are the summands.
template <class T>
double sigmoid_sum(std::span<const T> x, T slope, T shift, std::span<T> values);
/// gradient += factor · v (1 − v): the chain through a sigmoid of value v. Returns the sum of what
/// was added.
template <class T>
double add_sigmoid_gradient(std::span<const T> values, T factor, std::span<T> gradient);

/// Σ of a step of t = level − x that is nowhere below 0 for t < 0 and 1 for t > 0: 1/(1 + e^−t/τ)
/// for t ≤ 0, the same plus ½ up to t = delta, and a line of slope `rho` from there on; `slopes` =
/// its derivative by t.
template <class T>
double upper_step_sum(std::span<const T> x, T level, T temperature, T delta, T rho,
                      std::span<T> slopes);

/// log Σ e^z, z = slope·x + shift, without overflow; `shares` = e^z / Σ, its gradient by z. With
/// `with_one` the sum has a 1 beside, so that nothing gives 0; without it nothing gives −∞.
template <class T>
double log_sum_exp(std::span<const T> x, T slope, T shift, bool with_one, std::span<T> shares);

/// Groups of k values that stand together: the mean of each group with weights e^{slope·x}, means
/// (n/k); `slopes` = ∂mean/∂x = w (1 + slope (x − mean)), w being the weights, 1 together.
template <class T>
void softmax_means(std::span<const T> x, std::int64_t k, T slope, std::span<T> means,
                   std::span<T> slopes);

template <class T>
void multiply_by(std::span<T> x, T factor);
/// to += factor · x
template <class T>
void add_scaled(std::span<const T> x, T factor, std::span<T> to);
/// smaller = min(x, y)
template <class T>
void smaller_of(std::span<const T> x, std::span<const T> y, std::span<T> smaller);
/// The gradient of min(x, y) goes to the smaller, to x where they are equal: x_gradient += gradient
/// there, y_gradient += gradient elsewhere.
template <class T>
void add_to_smaller(std::span<const T> x, std::span<const T> y, std::span<const T> gradient,
                    std::span<T> x_gradient, std::span<T> y_gradient);
template <class T>
double sum_of(std::span<const T> x);
/// Σ x·y
template <class T>
double dot_of(std::span<const T> x, std::span<const T> y);
/// −∞ and ∞ of nothing.
template <class T>
T maximum_of(std::span<const T> x);
template <class T>
T minimum_of(std::span<const T> x);

/// The places of all x with low < x − shift < high, in order, to `to`, which has room for as many
/// as there are x; returns how many.
template <class T>
std::int64_t select_places(std::span<const T> x, T shift, Kept<T> kept,
                           std::span<const std::int64_t> places, std::int64_t* to);

}  // namespace metriclab
