// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/neighbors/panels.hpp>

namespace metriclab {
namespace {

// Eight rows by two registers are 16 sums, twice what the two multipliers of a core need to be
// busy, and the 32 registers hold them with what they are made of.
constexpr std::int64_t kRows = 8;
// Terms of a part. Less would bound errors more closely, but cost more additions.
constexpr std::int64_t kPart = 32;

#if defined(__x86_64__) && defined(__GNUC__)
bool has_wide_registers() { return __builtin_cpu_supports("avx512f"); }

/// One register, and the same in memory, wherever it lies.
template <class Scalar>
struct Register;
template <>
struct Register<float> {
  typedef float Lanes __attribute__((vector_size(64)));
  typedef float Stored __attribute__((vector_size(64), aligned(4), may_alias));
};
template <>
struct Register<double> {
  typedef double Lanes __attribute__((vector_size(64)));
  typedef double Stored __attribute__((vector_size(64), aligned(8), may_alias));
};

template <std::int64_t rows, class Scalar>
[[gnu::always_inline, gnu::target("avx512f")]] inline void multiply(const Scalar* x, std::int64_t d,
                                                                    const Scalar* panel,
                                                                    Scalar* result,
                                                                    std::int64_t stride) {
  using Lanes = typename Register<Scalar>::Lanes;
  using Stored = typename Register<Scalar>::Stored;
  constexpr std::int64_t kLanes = sizeof(Lanes) / sizeof(Scalar), kWidth = 2 * kLanes;
  for (std::int64_t begin = 0; begin < d; begin += kPart) {
    const std::int64_t end = std::min(begin + kPart, d);
    Lanes low[rows] = {}, high[rows] = {};
    for (std::int64_t t = begin; t < end; ++t) {
      const Lanes y_low = *reinterpret_cast<const Stored*>(panel + t * kWidth);
      const Lanes y_high = *reinterpret_cast<const Stored*>(panel + t * kWidth + kLanes);
#pragma GCC unroll 8
      for (std::int64_t r = 0; r < rows; ++r) {
        const Scalar of_row = x[r * d + t];
        low[r] += of_row * y_low;
        high[r] += of_row * y_high;
      }
    }
#pragma GCC unroll 8
    for (std::int64_t r = 0; r < rows; ++r) {
      low[r] *= Scalar(-2);
      high[r] *= Scalar(-2);
      Stored* low_sum = reinterpret_cast<Stored*>(result + r * stride);
      Stored* high_sum = reinterpret_cast<Stored*>(result + r * stride + kLanes);
      if (begin > 0) {
        low[r] += *low_sum;
        high[r] += *high_sum;
      }
      *low_sum = low[r];
      *high_sum = high[r];
    }
  }
}

template <class Scalar>
[[gnu::always_inline, gnu::target("avx512f")]] inline void multiply_all(
    const Scalar* x, std::int64_t count, std::int64_t d, const Scalar* panel, Scalar* result,
    std::int64_t stride) {
  std::int64_t r = 0;
  for (; r + kRows <= count; r += kRows)
    multiply<kRows>(x + r * d, d, panel, result + r * stride, stride);
  for (; r + 2 <= count; r += 2) multiply<2>(x + r * d, d, panel, result + r * stride, stride);
  if (r < count) multiply<1>(x + r * d, d, panel, result + r * stride, stride);
}
[[gnu::target("avx512f")]] void multiply_rows(const float* x, std::int64_t count, std::int64_t d,
                                              const float* panel, float* result,
                                              std::int64_t stride) {
  multiply_all(x, count, d, panel, result, stride);
}
[[gnu::target("avx512f")]] void multiply_rows(const double* x, std::int64_t count, std::int64_t d,
                                              const double* panel, double* result,
                                              std::int64_t stride) {
  multiply_all(x, count, d, panel, result, stride);
}
#else
bool has_wide_registers() { return false; }
template <class Scalar>
void multiply_rows(const Scalar*, std::int64_t, std::int64_t, const Scalar*, Scalar*,
                   std::int64_t) {}
#endif

}  // namespace

template <class Scalar>
bool Panels<Scalar>::usable() {
  return has_wide_registers();
}

template <class Scalar>
std::int64_t Panels<Scalar>::roundings(std::int64_t d) {
  return std::min(d, kPart) + (d + kPart - 1) / kPart;
}

template <class Scalar>
void Panels<Scalar>::take(const Scalar* rows, std::int64_t count, std::int64_t d) {
  if (!usable() || count == 0 || d == 0) return values_.clear();
  count_ = count;
  d_ = d;
  const std::int64_t panels = (count + kWidth - 1) / kWidth;
  values_.resize(static_cast<std::size_t>(panels * d * kWidth));
  for (std::int64_t p = 0; p < panels; ++p) {
    Scalar* panel = values_.data() + p * d * kWidth;
    const std::int64_t held = std::min(kWidth, count - p * kWidth);
    if (held < kWidth) std::fill_n(panel, d * kWidth, Scalar(0));
    for (std::int64_t r = 0; r < held; ++r)
      for (std::int64_t t = 0; t < d; ++t) panel[t * kWidth + r] = rows[(p * kWidth + r) * d + t];
  }
}

template <class Scalar>
void Panels<Scalar>::products(const Scalar* x, std::int64_t count, std::int64_t from,
                              Scalar* result, std::int64_t stride) const {
  for (std::int64_t y = from; y < count_; y += kWidth) {
    const Scalar* panel = values_.data() + y * d_;
    const std::int64_t held = std::min(kWidth, count_ - y);
    if (held == kWidth) {
      multiply_rows(x, count, d_, panel, result + y, stride);
      continue;
    }
    Scalar whole[kWidth];
    for (std::int64_t r = 0; r < count; ++r) {
      multiply_rows(x + r * d_, 1, d_, panel, whole, kWidth);
      std::copy_n(whole, held, result + r * stride + y);
    }
  }
}

template class Panels<float>;
template class Panels<double>;

}  // namespace metriclab
