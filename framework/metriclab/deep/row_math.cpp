// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/data/vector_math.hpp>
#include <metriclab/deep/row_math.hpp>

namespace metriclab {
namespace {

constexpr std::int64_t kLanes = 32;
// So many summands are added up in T before they go to float64.
constexpr std::int64_t kBlock = 1024;

#define METRICLAB_INLINE [[gnu::always_inline]] inline

/// Σ f(j) over 0 … n − 1, in lanes that fill vector registers.
template <class T, class F>
METRICLAB_INLINE double lane_sum(std::int64_t n, F f) {
  double total = 0;
  std::int64_t j = 0;
  while (j + kLanes <= n) {
    T lanes[kLanes] = {};
    const std::int64_t end = std::min(n, j + kBlock);
    for (; j + kLanes <= end; j += kLanes)
      for (std::int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] += f(j + lane);
    for (std::int64_t half = kLanes / 2; half > 0; half /= 2)
      for (std::int64_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
    total += static_cast<double>(lanes[0]);
  }
  T rest = 0;
  for (; j < n; ++j) rest += f(j);
  return total + static_cast<double>(rest);
}

template <class T>
METRICLAB_INLINE T positive_part(T z) {
  return z > 0 ? z : T(0);
}

/// e^−|z|
template <class T>
METRICLAB_INLINE T falling(T z) {
  return exp_of_negative(z > 0 ? -z : z);
}

/// 1/(1 + e^−z)
template <class T>
METRICLAB_INLINE T sigmoid(T z) {
  const T e = falling(z);
  return (z > 0 ? T(1) : e) / (1 + e);
}

/// log(1 + u) for 0 ≤ u ≤ 1 by the series of 2 artanh(u / (2 + u)), cut where its rest is below
/// half a unit in the last place.
template <class T>
METRICLAB_INLINE T log1p_of_part(T u) {
  constexpr int kTerms = sizeof(T) == 4 ? 7 : 16;
  const T s = u / (2 + u), square = s * s;
  T sum = T(1) / (2 * kTerms + 1);
  for (int k = kTerms - 1; k >= 0; --k) sum = sum * square + T(1) / static_cast<T>(2 * k + 1);
  return 2 * s * sum;
}

template <class T, class Term>
METRICLAB_INLINE KeptSum kept_sum(std::int64_t n, Kept<T> kept, Term term) {
  KeptSum result;
  // The number of those kept is a whole number below 2^24, exact in T.
  result.sum = lane_sum<T>(n, [&](std::int64_t j) {
    const T t = term(j);
    return (t > kept.low) & (t < kept.high) ? t : T(0);
  });
  result.n_kept = static_cast<std::int64_t>(lane_sum<T>(n, [&](std::int64_t j) {
    const T t = term(j);
    return (t > kept.low) & (t < kept.high) ? T(1) : T(0);
  }));
  return result;
}

template <class T>
METRICLAB_INLINE KeptSum hinges(const T* x, std::int64_t n, T slope, T shift, Kept<T> kept) {
  return kept_sum<T>(n, kept, [=](std::int64_t j) { return positive_part(slope * x[j] + shift); });
}

template <class T>
METRICLAB_INLINE std::int64_t hinge_gradients(const T* x, std::int64_t n, T slope, T shift,
                                              Kept<T> kept, T factor, T* gradient) {
  const T step = factor * slope, low = std::max(kept.low, T(0));
  return static_cast<std::int64_t>(lane_sum<T>(n, [=](std::int64_t j) {
    const T t = slope * x[j] + shift;
    const bool is_active = (t > low) & (t < kept.high);
    gradient[j] += is_active ? step : T(0);
    return is_active ? T(1) : T(0);
  }));
}

template <class T>
METRICLAB_INLINE T half_square(T z) {
  const T t = positive_part(z);
  return T(0.5) * t * t;
}

template <class T>
METRICLAB_INLINE KeptSum squared_hinges(const T* x, std::int64_t n, T slope, T shift,
                                        Kept<T> kept) {
  return kept_sum<T>(n, kept, [=](std::int64_t j) { return half_square(slope * x[j] + shift); });
}

template <class T>
METRICLAB_INLINE void squared_hinge_gradients(const T* x, std::int64_t n, T slope, T shift,
                                              Kept<T> kept, T factor, T* gradient) {
  const T step = factor * slope;
  for (std::int64_t j = 0; j < n; ++j) {
    const T z = slope * x[j] + shift, t = half_square(z);
    gradient[j] += (t > kept.low) & (t < kept.high) ? step * positive_part(z) : T(0);
  }
}

template <class T>
METRICLAB_INLINE KeptSum softpluses(const T* x, std::int64_t n, T slope, T shift, Kept<T> kept,
                                    T* slopes) {
  KeptSum result;
  result.sum = lane_sum<T>(n, [=](std::int64_t j) {
    const T z = slope * x[j] + shift, e = falling(z);
    const T t = positive_part(z) + log1p_of_part(e);
    const bool is_kept = (t > kept.low) & (t < kept.high);
    slopes[j] = is_kept ? (z > 0 ? T(1) : e) / (1 + e) : T(0);
    return is_kept ? t : T(0);
  });
  // A slope is above 0 unless e^z is below the smallest number, and then so is the term.
  result.n_kept = static_cast<std::int64_t>(lane_sum<T>(n, [=](std::int64_t j) {
    const T z = slope * x[j] + shift;
    const T t = positive_part(z) + log1p_of_part(falling(z));
    return (t > kept.low) & (t < kept.high) ? T(1) : T(0);
  }));
  return result;
}

template <class T>
METRICLAB_INLINE double sigmoids(const T* x, std::int64_t n, T slope, T shift, T* values) {
  return lane_sum<T>(n, [=](std::int64_t j) { return values[j] = sigmoid(slope * x[j] + shift); });
}

template <class T>
METRICLAB_INLINE double sigmoid_gradients(const T* values, std::int64_t n, T factor, T* gradient) {
  return lane_sum<T>(n, [=](std::int64_t j) {
    const T step = factor * values[j] * (1 - values[j]);
    gradient[j] += step;
    return step;
  });
}

template <class T>
METRICLAB_INLINE double upper_steps(const T* x, std::int64_t n, T level, T temperature, T delta,
                                    T rho, T* slopes) {
  const T sharpness = 1 / temperature;
  return lane_sum<T>(n, [=](std::int64_t j) {
    const T t = level - x[j];
    const T v = sigmoid((t < delta ? t : delta) * sharpness);
    slopes[j] = t > delta ? rho : v * (1 - v) * sharpness;
    return v + (t > 0 ? T(0.5) : T(0)) + rho * positive_part(t - delta);
  });
}

template <class T>
METRICLAB_INLINE T largest(const T* x, std::int64_t n) {
  T lanes[kLanes];
  std::fill_n(lanes, kLanes, -std::numeric_limits<T>::infinity());
  std::int64_t j = 0;
  for (; j + kLanes <= n; j += kLanes)
    for (std::int64_t lane = 0; lane < kLanes; ++lane)
      lanes[lane] = x[j + lane] > lanes[lane] ? x[j + lane] : lanes[lane];
  for (; j < n; ++j) lanes[0] = x[j] > lanes[0] ? x[j] : lanes[0];
  return *std::max_element(lanes, lanes + kLanes);
}

template <class T>
METRICLAB_INLINE T smallest(const T* x, std::int64_t n) {
  T lanes[kLanes];
  std::fill_n(lanes, kLanes, std::numeric_limits<T>::infinity());
  std::int64_t j = 0;
  for (; j + kLanes <= n; j += kLanes)
    for (std::int64_t lane = 0; lane < kLanes; ++lane)
      lanes[lane] = x[j + lane] < lanes[lane] ? x[j + lane] : lanes[lane];
  for (; j < n; ++j) lanes[0] = x[j] < lanes[0] ? x[j] : lanes[0];
  return *std::min_element(lanes, lanes + kLanes);
}

template <class T>
METRICLAB_INLINE double powers(const T* x, std::int64_t n, T slope, T shift, T top, T* to) {
  return lane_sum<T>(n, [=](std::int64_t j) {
    const T z = slope * x[j] + shift - top;
    return to[j] = exp_of_negative(z < 0 ? z : T(0));
  });
}

template <class T>
METRICLAB_INLINE void group_means(const T* x, std::int64_t n_groups, std::int64_t k, T slope,
                                  T* means, T* slopes) {
  for (std::int64_t g = 0; g < n_groups; ++g) {
    const T* of = x + g * k;
    T top = slope * of[0];
    for (std::int64_t j = 1; j < k; ++j) top = slope * of[j] > top ? slope * of[j] : top;
    for (std::int64_t j = 0; j < k; ++j) slopes[g * k + j] = slope * of[j] - top;
  }
  for (std::int64_t j = 0; j < n_groups * k; ++j)
    slopes[j] = exp_of_negative(slopes[j] < 0 ? slopes[j] : T(0));
  for (std::int64_t g = 0; g < n_groups; ++g) {
    const T* of = x + g * k;
    T* to = slopes + g * k;
    T sum = 0, weighted = 0;
    for (std::int64_t j = 0; j < k; ++j) {
      sum += to[j];
      weighted += to[j] * of[j];
    }
    const T mean = weighted / sum, share = 1 / sum;
    means[g] = mean;
    for (std::int64_t j = 0; j < k; ++j) to[j] *= share * (1 + slope * (of[j] - mean));
  }
}

template <class T>
METRICLAB_INLINE void multiply(T* x, std::int64_t n, T factor) {
  for (std::int64_t j = 0; j < n; ++j) x[j] *= factor;
}

template <class T>
METRICLAB_INLINE void axpy(const T* x, std::int64_t n, T factor, T* to) {
#pragma GCC ivdep
  for (std::int64_t j = 0; j < n; ++j) to[j] += factor * x[j];
}

template <class T>
METRICLAB_INLINE void minima(const T* x, const T* y, std::int64_t n, T* to) {
#pragma GCC ivdep
  for (std::int64_t j = 0; j < n; ++j) to[j] = y[j] < x[j] ? y[j] : x[j];
}

template <class T>
METRICLAB_INLINE void split_gradient(const T* x, const T* y, const T* g, std::int64_t n, T* to_x,
                                     T* to_y) {
#pragma GCC ivdep
  for (std::int64_t j = 0; j < n; ++j) {
    const T swapped = y[j] < x[j] ? g[j] : T(0);
    to_x[j] += g[j] - swapped;
    to_y[j] += swapped;
  }
}

template <class T>
METRICLAB_INLINE double sum_all(const T* x, std::int64_t n) {
  return lane_sum<T>(n, [=](std::int64_t j) { return x[j]; });
}

template <class T>
METRICLAB_INLINE double sum_products(const T* x, const T* y, std::int64_t n) {
  return lane_sum<T>(n, [=](std::int64_t j) { return x[j] * y[j]; });
}

// target_clones takes no templates: each function once for each type.
#define METRICLAB_FOR(T)                                                                          \
  METRICLAB_WIDE KeptSum wide_hinges(const T* x, std::int64_t n, T slope, T shift, Kept<T> k) {   \
    return hinges(x, n, slope, shift, k);                                                         \
  }                                                                                               \
  METRICLAB_WIDE std::int64_t wide_hinge_gradients(const T* x, std::int64_t n, T slope, T shift,  \
                                                   Kept<T> k, T factor, T* gradient) {            \
    return hinge_gradients(x, n, slope, shift, k, factor, gradient);                              \
  }                                                                                               \
  METRICLAB_WIDE KeptSum wide_squared_hinges(const T* x, std::int64_t n, T slope, T shift,        \
                                             Kept<T> k) {                                         \
    return squared_hinges(x, n, slope, shift, k);                                                 \
  }                                                                                               \
  METRICLAB_WIDE void wide_squared_hinge_gradients(const T* x, std::int64_t n, T slope, T shift,  \
                                                   Kept<T> k, T factor, T* gradient) {            \
    squared_hinge_gradients(x, n, slope, shift, k, factor, gradient);                             \
  }                                                                                               \
  METRICLAB_WIDE KeptSum wide_softpluses(const T* x, std::int64_t n, T slope, T shift, Kept<T> k, \
                                         T* slopes) {                                             \
    return softpluses(x, n, slope, shift, k, slopes);                                             \
  }                                                                                               \
  METRICLAB_WIDE double wide_sigmoids(const T* x, std::int64_t n, T slope, T shift, T* values) {  \
    return sigmoids(x, n, slope, shift, values);                                                  \
  }                                                                                               \
  METRICLAB_WIDE double wide_sigmoid_gradients(const T* values, std::int64_t n, T factor,         \
                                               T* gradient) {                                     \
    return sigmoid_gradients(values, n, factor, gradient);                                        \
  }                                                                                               \
  METRICLAB_WIDE double wide_upper_steps(const T* x, std::int64_t n, T level, T temperature,      \
                                         T delta, T rho, T* slopes) {                             \
    return upper_steps(x, n, level, temperature, delta, rho, slopes);                             \
  }                                                                                               \
  METRICLAB_WIDE T wide_largest(const T* x, std::int64_t n) { return largest(x, n); }             \
  METRICLAB_WIDE T wide_smallest(const T* x, std::int64_t n) { return smallest(x, n); }           \
  METRICLAB_WIDE double wide_powers(const T* x, std::int64_t n, T slope, T shift, T top, T* to) { \
    return powers(x, n, slope, shift, top, to);                                                   \
  }                                                                                               \
  METRICLAB_WIDE void wide_group_means(const T* x, std::int64_t n_groups, std::int64_t k, T slope, \
                                       T* means, T* slopes) {                                      \
    group_means(x, n_groups, k, slope, means, slopes);                                             \
  }                                                                                                \
  METRICLAB_WIDE void wide_multiply(T* x, std::int64_t n, T factor) { multiply(x, n, factor); }   \
  METRICLAB_WIDE void wide_axpy(const T* x, std::int64_t n, T factor, T* to) {                    \
    axpy(x, n, factor, to);                                                                       \
  }                                                                                               \
  METRICLAB_WIDE void wide_minima(const T* x, const T* y, std::int64_t n, T* to) {                \
    minima(x, y, n, to);                                                                          \
  }                                                                                               \
  METRICLAB_WIDE void wide_split_gradient(const T* x, const T* y, const T* g, std::int64_t n,     \
                                          T* to_x, T* to_y) {                                     \
    split_gradient(x, y, g, n, to_x, to_y);                                                       \
  }                                                                                               \
  METRICLAB_WIDE double wide_sum(const T* x, std::int64_t n) { return sum_all(x, n); }            \
  METRICLAB_WIDE double wide_dot(const T* x, const T* y, std::int64_t n) {                        \
    return sum_products(x, y, n);                                                                 \
  }
METRICLAB_FOR(float)
METRICLAB_FOR(double)

template <class T>
std::int64_t length(std::span<const T> x) {
  return static_cast<std::int64_t>(x.size());
}

}  // namespace

template <class T>
KeptSum hinge_sum(std::span<const T> x, T slope, T shift, Kept<T> kept) {
  return wide_hinges(x.data(), length(x), slope, shift, kept);
}
template <class T>
std::int64_t add_hinge_gradient(std::span<const T> x, T slope, T shift, Kept<T> kept, T factor,
                                std::span<T> gradient) {
  return wide_hinge_gradients(x.data(), length(x), slope, shift, kept, factor, gradient.data());
}
template <class T>
KeptSum squared_hinge_sum(std::span<const T> x, T slope, T shift, Kept<T> kept) {
  return wide_squared_hinges(x.data(), length(x), slope, shift, kept);
}
template <class T>
void add_squared_hinge_gradient(std::span<const T> x, T slope, T shift, Kept<T> kept, T factor,
                                std::span<T> gradient) {
  wide_squared_hinge_gradients(x.data(), length(x), slope, shift, kept, factor, gradient.data());
}
template <class T>
KeptSum softplus_sum(std::span<const T> x, T slope, T shift, Kept<T> kept, std::span<T> slopes) {
  return wide_softpluses(x.data(), length(x), slope, shift, kept, slopes.data());
}
template <class T>
double sigmoid_sum(std::span<const T> x, T slope, T shift, std::span<T> values) {
  return wide_sigmoids(x.data(), length(x), slope, shift, values.data());
}
template <class T>
double add_sigmoid_gradient(std::span<const T> values, T factor, std::span<T> gradient) {
  return wide_sigmoid_gradients(values.data(), length(values), factor, gradient.data());
}
template <class T>
double upper_step_sum(std::span<const T> x, T level, T temperature, T delta, T rho,
                      std::span<T> slopes) {
  return wide_upper_steps(x.data(), length(x), level, temperature, delta, rho, slopes.data());
}

template <class T>
double log_sum_exp(std::span<const T> x, T slope, T shift, bool with_one, std::span<T> shares) {
  if (x.empty()) return with_one ? 0 : -std::numeric_limits<double>::infinity();
  const T extreme = slope > 0 ? maximum_of(x) : minimum_of(x);
  const T top = with_one ? std::max(T(0), slope * extreme + shift) : slope * extreme + shift;
  const double powers = wide_powers(x.data(), length(x), slope, shift, top, shares.data());
  const double sum = powers + (with_one ? std::exp(-static_cast<double>(top)) : 0);
  wide_multiply(shares.data(), length(x), static_cast<T>(1 / sum));
  // log1p keeps the digits of a sum that is close to the 1.
  return with_one && top == 0 ? std::log1p(powers) : static_cast<double>(top) + std::log(sum);
}

template <class T>
void softmax_means(std::span<const T> x, std::int64_t k, T slope, std::span<T> means,
                   std::span<T> slopes) {
  wide_group_means(x.data(), length(x) / k, k, slope, means.data(), slopes.data());
}

template <class T>
void multiply_by(std::span<T> x, T factor) {
  wide_multiply(x.data(), static_cast<std::int64_t>(x.size()), factor);
}

template <class T>
void add_scaled(std::span<const T> x, T factor, std::span<T> to) {
  wide_axpy(x.data(), length(x), factor, to.data());
}
template <class T>
void smaller_of(std::span<const T> x, std::span<const T> y, std::span<T> smaller) {
  wide_minima(x.data(), y.data(), length(x), smaller.data());
}
template <class T>
void add_to_smaller(std::span<const T> x, std::span<const T> y, std::span<const T> gradient,
                    std::span<T> x_gradient, std::span<T> y_gradient) {
  wide_split_gradient(x.data(), y.data(), gradient.data(), length(x), x_gradient.data(),
                      y_gradient.data());
}
template <class T>
double sum_of(std::span<const T> x) {
  return wide_sum(x.data(), length(x));
}
template <class T>
double dot_of(std::span<const T> x, std::span<const T> y) {
  return wide_dot(x.data(), y.data(), length(x));
}
template <class T>
T maximum_of(std::span<const T> x) {
  return wide_largest(x.data(), length(x));
}
template <class T>
T minimum_of(std::span<const T> x) {
  return wide_smallest(x.data(), length(x));
}

template <class T>
std::int64_t select_places(std::span<const T> x, T shift, Kept<T> kept,
                           std::span<const std::int64_t> places, std::int64_t* to) {
  std::int64_t count = 0;
  // Without branches, which would be mispredicted at every other x.
  for (std::size_t k = 0; k < x.size(); ++k) {
    const T z = x[k] - shift;
    to[count] = places[k];
    count += static_cast<std::int64_t>((z > kept.low) & (z < kept.high));
  }
  return count;
}

#define METRICLAB_EXPORT(T)                                                                     \
  template KeptSum hinge_sum(std::span<const T>, T, T, Kept<T>);                                \
  template std::int64_t add_hinge_gradient(std::span<const T>, T, T, Kept<T>, T, std::span<T>); \
  template KeptSum squared_hinge_sum(std::span<const T>, T, T, Kept<T>);                        \
  template void add_squared_hinge_gradient(std::span<const T>, T, T, Kept<T>, T, std::span<T>); \
  template KeptSum softplus_sum(std::span<const T>, T, T, Kept<T>, std::span<T>);               \
  template double sigmoid_sum(std::span<const T>, T, T, std::span<T>);                          \
  template double add_sigmoid_gradient(std::span<const T>, T, std::span<T>);                    \
  template double upper_step_sum(std::span<const T>, T, T, T, T, std::span<T>);                 \
  template double log_sum_exp(std::span<const T>, T, T, bool, std::span<T>);                    \
  template void softmax_means(std::span<const T>, std::int64_t, T, std::span<T>, std::span<T>); \
  template void multiply_by(std::span<T>, T);                                                   \
  template void add_scaled(std::span<const T>, T, std::span<T>);                                \
  template void smaller_of(std::span<const T>, std::span<const T>, std::span<T>);               \
  template void add_to_smaller(std::span<const T>, std::span<const T>, std::span<const T>,      \
                               std::span<T>, std::span<T>);                                     \
  template double sum_of(std::span<const T>);                                                   \
  template double dot_of(std::span<const T>, std::span<const T>);                               \
  template T maximum_of(std::span<const T>);                                                    \
  template T minimum_of(std::span<const T>);                                                    \
  template std::int64_t select_places(std::span<const T>, T, Kept<T>,                           \
                                      std::span<const std::int64_t>, std::int64_t*);
METRICLAB_EXPORT(float)
METRICLAB_EXPORT(double)

}  // namespace metriclab
