// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <metriclab/data/wide.hpp>
#include <metriclab/deep/distance_kernels.hpp>
#include <vector>

namespace metriclab {
namespace {

#define METRICLAB_INLINE [[gnu::always_inline]] inline

// Below this share of ‖x‖² + ‖y‖², the difference has lost too many digits.
constexpr double kCancelled = 1e-3;
constexpr std::int64_t kLanes = 32;
constexpr std::int64_t kTile = 32;

template <class T, class F>
METRICLAB_INLINE T lane_sum(std::int64_t n, F f) {
  T lanes[kLanes] = {};
  std::int64_t j = 0;
  for (; j + kLanes <= n; j += kLanes)
    for (std::int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] += f(j + lane);
  for (std::int64_t half = kLanes / 2; half > 0; half /= 2)
    for (std::int64_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  T sum = lanes[0];
  for (; j < n; ++j) sum += f(j);
  return sum;
}

/// Squared distances of one row; how many are too near.
template <class T>
METRICLAB_INLINE std::int64_t row_of_squares(T* row, T own, const T* lengths, std::int64_t m) {
  const T share = static_cast<T>(kCancelled);
  // Compared with ≤, so that two zero vectors are seen to as well.
  return static_cast<std::int64_t>(lane_sum<T>(m, [=](std::int64_t j) {
    const T sum = lengths[j] + own;
    const T square = sum - 2 * row[j];
    row[j] = square;
    return square <= share * sum ? T(1) : T(0);
  }));
}

template <class T>
METRICLAB_INLINE void roots(T* row, std::int64_t m) {
  for (std::int64_t j = 0; j < m; ++j) row[j] = std::sqrt(row[j]);
}

template <class T>
METRICLAB_INLINE T square_sum(const T* x, std::int64_t d) {
  return lane_sum<T>(d, [=](std::int64_t k) { return x[k] * x[k]; });
}

template <class T>
METRICLAB_INLINE T square_distance(const T* x, const T* y, std::int64_t d) {
  return lane_sum<T>(d, [=](std::int64_t k) { return (x[k] - y[k]) * (x[k] - y[k]); });
}

template <class T>
METRICLAB_INLINE void all_distances(const T* x, std::int64_t n, const T* y, std::int64_t m,
                                    std::int64_t d, bool same, bool squared, const T* lengths_x,
                                    const T* lengths_y, T* products) {
  for (std::int64_t i = 0; i < n; ++i) {
    T* row = products + i * m;
    // What is not wanted there is not to be seen as near.
    if (same) row[i] = 0;
    if (row_of_squares(row, lengths_x[i], lengths_y, m) > 0)
      for (std::int64_t j = 0; j < m; ++j)
        if (row[j] <= static_cast<T>(kCancelled) * (lengths_x[i] + lengths_y[j]))
          row[j] = square_distance(x + i * d, y + j * d, d);
    if (same) row[i] = 0;
    if (!squared) roots(row, m);
  }
}

template <class T>
METRICLAB_INLINE T slope_of(T g, T d) {
  return d > 0 ? g / (d > 0 ? d : T(1)) : T(0);
}

template <class T>
METRICLAB_INLINE void all_slopes(const T* g, const T* distances, std::int64_t count, T factor,
                                 T* h) {
  if (distances == nullptr) {
    for (std::int64_t k = 0; k < count; ++k) h[k] = factor * g[k];
    return;
  }
  for (std::int64_t k = 0; k < count; ++k) h[k] = slope_of(g[k], distances[k]);
}

/// Two tiles that mirror each other: h at (top, left) and at (left, top).
template <class T>
METRICLAB_INLINE void tile_of_slopes(const T* g, const T* distances, std::int64_t n, T factor,
                                     std::int64_t top, std::int64_t left, T* h) {
  T mirrored[kTile][kTile];
  const std::int64_t rows = std::min(kTile, n - top), columns = std::min(kTile, n - left);
  for (std::int64_t c = 0; c < columns; ++c)
    for (std::int64_t r = 0; r < rows; ++r) mirrored[r][c] = g[(left + c) * n + top + r];
  for (std::int64_t r = 0; r < rows; ++r) {
    const T* from = g + (top + r) * n + left;
    T* to = h + (top + r) * n + left;
    if (distances == nullptr) {
      for (std::int64_t c = 0; c < columns; ++c) to[c] = factor * (from[c] + mirrored[r][c]);
    } else {
      const T* d = distances + (top + r) * n + left;
      for (std::int64_t c = 0; c < columns; ++c) to[c] = slope_of(from[c] + mirrored[r][c], d[c]);
    }
    for (std::int64_t c = 0; c < columns; ++c) mirrored[r][c] = to[c];
  }
  if (top == left) return;
  for (std::int64_t c = 0; c < columns; ++c)
    for (std::int64_t r = 0; r < rows; ++r) h[(left + c) * n + top + r] = mirrored[r][c];
}

template <class T>
METRICLAB_INLINE void all_symmetric_slopes(const T* g, const T* distances, std::int64_t n, T factor,
                                           T* h) {
  for (std::int64_t top = 0; top < n; top += kTile)
    for (std::int64_t left = top; left < n; left += kTile)
      tile_of_slopes(g, distances, n, factor, top, left, h);
}

template <class T>
METRICLAB_INLINE void all_rows_by_sums(const T* h, std::int64_t n, std::int64_t m, const T* x,
                                       std::int64_t d, T* result) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T* row = h + i * m;
    const T sum = lane_sum<T>(m, [=](std::int64_t j) { return row[j]; });
    for (std::int64_t k = 0; k < d; ++k) result[i * d + k] = sum * x[i * d + k];
  }
}

template <class T>
METRICLAB_INLINE void column_sums(const T* h, std::int64_t n, std::int64_t m, T* sums) {
  std::fill_n(sums, m, T(0));
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < m; ++j) sums[j] += h[i * m + j];
}

// So many rows of y stay in the nearest cache while all of x goes by.
constexpr std::int64_t kNearRows = 32;

template <class T>
METRICLAB_INLINE void all_city_block(const T* x, std::int64_t n, const T* y, std::int64_t m,
                                     std::int64_t d, T* distances) {
  for (std::int64_t left = 0; left < m; left += kNearRows)
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = left; j < std::min(m, left + kNearRows); ++j) {
        const T *a = x + i * d, *b = y + j * d;
        distances[i * m + j] =
            lane_sum<T>(d, [=](std::int64_t k) { return std::abs(a[k] - b[k]); });
      }
}

/// to += h sign(x − y)
template <class T>
METRICLAB_INLINE void add_signs(T h, const T* x, const T* y, std::int64_t d, T* to) {
  for (std::int64_t k = 0; k < d; ++k) to[k] += x[k] > y[k] ? h : (x[k] < y[k] ? -h : T(0));
}

template <class T>
METRICLAB_INLINE void all_city_block_rows(const T* h, const T* x, std::int64_t n, const T* y,
                                          std::int64_t m, std::int64_t d, T* result) {
  std::fill_n(result, n * d, T(0));
  for (std::int64_t left = 0; left < m; left += kNearRows)
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = left; j < std::min(m, left + kNearRows); ++j)
        add_signs(h[i * m + j], x + i * d, y + j * d, d, result + i * d);
}

template <class T>
METRICLAB_INLINE void all_city_block_columns(const T* h, const T* x, std::int64_t n, const T* y,
                                             std::int64_t m, std::int64_t d, T* result) {
  std::fill_n(result, m * d, T(0));
  for (std::int64_t left = 0; left < m; left += kNearRows)
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = left; j < std::min(m, left + kNearRows); ++j)
        add_signs(h[i * m + j], y + j * d, x + i * d, d, result + j * d);
}

template <class T>
METRICLAB_INLINE void shift_and_scale(T* x, std::int64_t count, T slope, T shift) {
  for (std::int64_t k = 0; k < count; ++k) x[k] = slope * x[k] + shift;
}

template <class T>
METRICLAB_INLINE void all_normalized(const T* x, std::int64_t n, std::int64_t d, T least, T* unit,
                                     T* lengths) {
  for (std::int64_t i = 0; i < n; ++i) {
    lengths[i] = std::sqrt(square_sum(x + i * d, d));
    const T factor = 1 / std::max(lengths[i], least);
    for (std::int64_t k = 0; k < d; ++k) unit[i * d + k] = factor * x[i * d + k];
  }
}

template <class T>
METRICLAB_INLINE void all_normalized_backward(const T* g, const T* unit, const T* lengths,
                                              std::int64_t n, std::int64_t d, T least,
                                              T* gradient) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T* outer = g + i * d;
    const T* u = unit + i * d;
    // A vector too short to be divided by its length is multiplied by a constant.
    const T along =
        lengths[i] > least ? lane_sum<T>(d, [=](std::int64_t k) { return outer[k] * u[k]; }) : T(0);
    const T factor = 1 / std::max(lengths[i], least);
    for (std::int64_t k = 0; k < d; ++k) gradient[i * d + k] = factor * (outer[k] - along * u[k]);
  }
}

// target_clones takes no templates: each function once for each type.
#define METRICLAB_FOR(T)                                                                           \
  METRICLAB_WIDE void wide_lengths(const T* x, std::int64_t n, std::int64_t d, T* lengths) {       \
    for (std::int64_t i = 0; i < n; ++i) lengths[i] = square_sum(x + i * d, d);                    \
  }                                                                                                \
  METRICLAB_WIDE void wide_distances(const T* x, std::int64_t n, const T* y, std::int64_t m,       \
                                     std::int64_t d, bool same, bool squared, const T* lengths_x,  \
                                     const T* lengths_y, T* products) {                            \
    all_distances(x, n, y, m, d, same, squared, lengths_x, lengths_y, products);                   \
  }                                                                                                \
  METRICLAB_WIDE void wide_slopes(const T* g, const T* distances, std::int64_t count, T factor,    \
                                  T* h) {                                                          \
    all_slopes(g, distances, count, factor, h);                                                    \
  }                                                                                                \
  METRICLAB_WIDE void wide_symmetric_slopes(const T* g, const T* distances, std::int64_t n,        \
                                            T factor, T* h) {                                      \
    all_symmetric_slopes(g, distances, n, factor, h);                                              \
  }                                                                                                \
  METRICLAB_WIDE void wide_rows_by_sums(const T* h, std::int64_t n, std::int64_t m, const T* x,    \
                                        std::int64_t d, T* result) {                               \
    all_rows_by_sums(h, n, m, x, d, result);                                                       \
  }                                                                                                \
  METRICLAB_WIDE void wide_column_sums(const T* h, std::int64_t n, std::int64_t m, T* sums) {      \
    column_sums(h, n, m, sums);                                                                    \
  }                                                                                                \
  METRICLAB_WIDE void wide_city_block(const T* x, std::int64_t n, const T* y, std::int64_t m,      \
                                      std::int64_t d, T* distances) {                              \
    all_city_block(x, n, y, m, d, distances);                                                      \
  }                                                                                                \
  METRICLAB_WIDE void wide_city_block_rows(const T* h, const T* x, std::int64_t n, const T* y,     \
                                           std::int64_t m, std::int64_t d, T* result) {            \
    all_city_block_rows(h, x, n, y, m, d, result);                                                 \
  }                                                                                                \
  METRICLAB_WIDE void wide_city_block_columns(const T* h, const T* x, std::int64_t n, const T* y,  \
                                              std::int64_t m, std::int64_t d, T* result) {         \
    all_city_block_columns(h, x, n, y, m, d, result);                                              \
  }                                                                                                \
  METRICLAB_WIDE void wide_affine(T* x, std::int64_t count, T slope, T shift) {                    \
    shift_and_scale(x, count, slope, shift);                                                       \
  }                                                                                                \
  METRICLAB_WIDE void wide_normalize(const T* x, std::int64_t n, std::int64_t d, T least, T* unit, \
                                     T* lengths) {                                                 \
    all_normalized(x, n, d, least, unit, lengths);                                                 \
  }                                                                                                \
  METRICLAB_WIDE void wide_normalize_backward(const T* g, const T* unit, const T* lengths,         \
                                              std::int64_t n, std::int64_t d, T least,             \
                                              T* gradient) {                                       \
    all_normalized_backward(g, unit, lengths, n, d, least, gradient);                              \
  }
METRICLAB_FOR(float)
METRICLAB_FOR(double)

}  // namespace

template <class T>
void distances_from_products(const T* x, std::int64_t n, const T* y, std::int64_t m, std::int64_t d,
                             bool same, bool squared, T* products) {
  std::vector<T> lengths_y(static_cast<std::size_t>(m)), lengths_x;
  wide_lengths(y, m, d, lengths_y.data());
  if (!same) {
    lengths_x.resize(static_cast<std::size_t>(n));
    wide_lengths(x, n, d, lengths_x.data());
  }
  wide_distances(x, n, y, m, d, same, squared, same ? lengths_y.data() : lengths_x.data(),
                 lengths_y.data(), products);
}

template <class T>
void slopes(const T* g, const T* distances, std::int64_t count, T factor, T* h) {
  wide_slopes(g, distances, count, factor, h);
}
template <class T>
void symmetric_slopes(const T* g, const T* distances, std::int64_t n, T factor, T* h) {
  wide_symmetric_slopes(g, distances, n, factor, h);
}
template <class T>
void rows_by_sums(const T* h, std::int64_t n, std::int64_t m, const T* x, std::int64_t d,
                  T* result) {
  wide_rows_by_sums(h, n, m, x, d, result);
}
template <class T>
void rows_by_column_sums(const T* h, std::int64_t n, std::int64_t m, const T* y, std::int64_t d,
                         T* result) {
  std::vector<T> sums(static_cast<std::size_t>(m));
  wide_column_sums(h, n, m, sums.data());
  for (std::int64_t j = 0; j < m; ++j)
    for (std::int64_t k = 0; k < d; ++k)
      result[j * d + k] = sums[static_cast<std::size_t>(j)] * y[j * d + k];
}
template <class T>
void city_block_distances(const T* x, std::int64_t n, const T* y, std::int64_t m, std::int64_t d,
                          T* distances) {
  wide_city_block(x, n, y, m, d, distances);
}
template <class T>
void city_block_rows(const T* h, const T* x, std::int64_t n, const T* y, std::int64_t m,
                     std::int64_t d, T* result) {
  wide_city_block_rows(h, x, n, y, m, d, result);
}
template <class T>
void city_block_columns(const T* h, const T* x, std::int64_t n, const T* y, std::int64_t m,
                        std::int64_t d, T* result) {
  wide_city_block_columns(h, x, n, y, m, d, result);
}
template <class T>
void affine(T* x, std::int64_t count, T slope, T shift) {
  wide_affine(x, count, slope, shift);
}
template <class T>
void normalize(const T* x, std::int64_t n, std::int64_t d, T least, T* unit, T* lengths) {
  wide_normalize(x, n, d, least, unit, lengths);
}
template <class T>
void normalize_backward(const T* g, const T* unit, const T* lengths, std::int64_t n, std::int64_t d,
                        T least, T* gradient) {
  wide_normalize_backward(g, unit, lengths, n, d, least, gradient);
}

#define METRICLAB_EXPORT(T)                                                                        \
  template void distances_from_products(const T*, std::int64_t, const T*, std::int64_t,            \
                                        std::int64_t, bool, bool, T*);                             \
  template void slopes(const T*, const T*, std::int64_t, T, T*);                                   \
  template void symmetric_slopes(const T*, const T*, std::int64_t, T, T*);                         \
  template void rows_by_sums(const T*, std::int64_t, std::int64_t, const T*, std::int64_t, T*);    \
  template void rows_by_column_sums(const T*, std::int64_t, std::int64_t, const T*, std::int64_t,  \
                                    T*);                                                           \
  template void city_block_distances(const T*, std::int64_t, const T*, std::int64_t, std::int64_t, \
                                     T*);                                                          \
  template void city_block_rows(const T*, const T*, std::int64_t, const T*, std::int64_t,          \
                                std::int64_t, T*);                                                 \
  template void city_block_columns(const T*, const T*, std::int64_t, const T*, std::int64_t,       \
                                   std::int64_t, T*);                                              \
  template void affine(T*, std::int64_t, T, T);                                                    \
  template void normalize(const T*, std::int64_t, std::int64_t, T, T*, T*);                        \
  template void normalize_backward(const T*, const T*, const T*, std::int64_t, std::int64_t, T, T*);
METRICLAB_EXPORT(float)
METRICLAB_EXPORT(double)

}  // namespace metriclab
