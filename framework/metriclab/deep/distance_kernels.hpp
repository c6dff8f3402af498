// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace metriclab {

// The passes over matrices that distances are made with, for float and double; all arrays are
// row-major and contiguous.

/// From products x·y, (n × m), in place: ‖x − y‖ or its square. Those so near that the difference
/// of squares lost its digits are computed from x, (n × d), and y, (m × d). `same`: x is y, whose
/// diagonal is 0.
template <class T>
void distances_from_products(const T* x, std::int64_t n, const T* y, std::int64_t m, std::int64_t d,
                             bool same, bool squared, T* products);

/// h = g/d, and 0 where d is 0; h = factor · g where `distances` is null.
template <class T>
void slopes(const T* g, const T* distances, std::int64_t count, T factor, T* h);
/// The same for an (n × n) matrix of symmetric distances, plus its transpose.
template <class T>
void symmetric_slopes(const T* g, const T* distances, std::int64_t n, T factor, T* h);

/// result_i = (Σ_j h_ij) x_i; h (n × m), x (n × d).
template <class T>
void rows_by_sums(const T* h, std::int64_t n, std::int64_t m, const T* x, std::int64_t d,
                  T* result);
/// result_j = (Σ_i h_ij) y_j; h (n × m), y (m × d).
template <class T>
void rows_by_column_sums(const T* h, std::int64_t n, std::int64_t m, const T* y, std::int64_t d,
                         T* result);

/// Σ_k |x_ik − y_jk|, (n × m).
template <class T>
void city_block_distances(const T* x, std::int64_t n, const T* y, std::int64_t m, std::int64_t d,
                          T* distances);
/// result_i = Σ_j h_ij sign(x_i − y_j); h (n × m), result (n × d).
template <class T>
void city_block_rows(const T* h, const T* x, std::int64_t n, const T* y, std::int64_t m,
                     std::int64_t d, T* result);
/// result_j = Σ_i h_ij sign(y_j − x_i); result (m × d).
template <class T>
void city_block_columns(const T* h, const T* x, std::int64_t n, const T* y, std::int64_t m,
                        std::int64_t d, T* result);

/// x = slope · x + shift
template <class T>
void affine(T* x, std::int64_t count, T slope, T shift);

/// Rows divided by their lengths, which are kept, (n); by `least` where they are shorter.
template <class T>
void normalize(const T* x, std::int64_t n, std::int64_t d, T least, T* unit, T* lengths);
template <class T>
void normalize_backward(const T* g, const T* unit, const T* lengths, std::int64_t n, std::int64_t d,
                        T least, T* gradient);

}  // namespace metriclab
