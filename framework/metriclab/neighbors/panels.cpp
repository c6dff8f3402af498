// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cstring>
#include <metriclab/neighbors/panels.hpp>

namespace metriclab {
namespace {

constexpr std::int64_t kWidth = 32;  // two registers
// Eight rows by two registers are 16 sums, twice what the two multipliers of a core need to be
// busy, and the 32 registers hold them with what they are made of.
constexpr std::int64_t kRows = 8;

#if defined(__x86_64__) && defined(__GNUC__)
bool has_wide_registers() { return __builtin_cpu_supports("avx512f"); }

typedef float Lanes __attribute__((vector_size(64)));

template <std::int64_t rows>
[[gnu::always_inline, gnu::target("avx512f")]] inline void multiply(const float* x, std::int64_t d,
                                                                    const float* panel,
                                                                    float* result,
                                                                    std::int64_t stride) {
  Lanes low[rows] = {}, high[rows] = {};
  for (std::int64_t t = 0; t < d; ++t) {
    Lanes y_low, y_high;
    std::memcpy(&y_low, panel + t * kWidth, sizeof y_low);
    std::memcpy(&y_high, panel + t * kWidth + kWidth / 2, sizeof y_high);
#pragma GCC unroll 8
    for (std::int64_t r = 0; r < rows; ++r) {
      const float of_row = x[r * d + t];
      low[r] += of_row * y_low;
      high[r] += of_row * y_high;
    }
  }
#pragma GCC unroll 8
  for (std::int64_t r = 0; r < rows; ++r) {
    low[r] *= -2.f;
    high[r] *= -2.f;
    std::memcpy(result + r * stride, &low[r], sizeof low[r]);
    std::memcpy(result + r * stride + kWidth / 2, &high[r], sizeof high[r]);
  }
}

[[gnu::target("avx512f")]] void multiply_rows(const float* x, std::int64_t count, std::int64_t d,
                                              const float* panel, float* result,
                                              std::int64_t stride) {
  std::int64_t r = 0;
  for (; r + kRows <= count; r += kRows)
    multiply<kRows>(x + r * d, d, panel, result + r * stride, stride);
  for (; r < count; ++r) multiply<1>(x + r * d, d, panel, result + r * stride, stride);
}
#else
bool has_wide_registers() { return false; }
void multiply_rows(const float*, std::int64_t, std::int64_t, const float*, float*, std::int64_t) {}
#endif

}  // namespace

void Panels::take(const float* rows, std::int64_t count, std::int64_t d) {
  if (!has_wide_registers() || count == 0 || d == 0) return values_.clear();
  count_ = count;
  d_ = d;
  const std::int64_t panels = (count + kWidth - 1) / kWidth;
  values_.resize(static_cast<std::size_t>(panels * d * kWidth));
  for (std::int64_t p = 0; p < panels; ++p) {
    float* panel = values_.data() + p * d * kWidth;
    const std::int64_t held = std::min(kWidth, count - p * kWidth);
    if (held < kWidth) std::fill_n(panel, d * kWidth, 0.f);
    for (std::int64_t r = 0; r < held; ++r)
      for (std::int64_t t = 0; t < d; ++t) panel[t * kWidth + r] = rows[(p * kWidth + r) * d + t];
  }
}

void Panels::products(const float* x, std::int64_t count, std::int64_t from, float* result,
                      std::int64_t stride) const {
  for (std::int64_t y = from; y < count_; y += kWidth) {
    const float* panel = values_.data() + y * d_;
    const std::int64_t held = std::min(kWidth, count_ - y);
    if (held == kWidth) {
      multiply_rows(x, count, d_, panel, result + y, stride);
      continue;
    }
    float whole[kWidth];
    for (std::int64_t r = 0; r < count; ++r) {
      multiply_rows(x + r * d_, 1, d_, panel, whole, kWidth);
      std::copy_n(whole, held, result + r * stride + y);
    }
  }
}

}  // namespace metriclab
