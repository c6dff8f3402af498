// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <bit>
#include <cstdint>
#include <metriclab/data/wide.hpp>
#include <type_traits>

namespace metriclab {

/// exp(x) for x ≤ 0, in a form that the compiler can put into vector registers: 2^k·exp(r) with |r|
/// ≤ ln(2)/2 by the Taylor series of exp, cut where its rest is below half a unit in the last
/// place. What would be below the smallest normal number is 0 or about that number.
template <class T>
[[gnu::always_inline]] inline T exp_of_negative(T x) {
  constexpr bool kFloat = std::is_same_v<T, float>;
  using Bits = std::conditional_t<kFloat, std::int32_t, std::int64_t>;
  constexpr int kMantissa = kFloat ? 23 : 52;
  constexpr T kLeast = kFloat ? T(-87) : T(-708);
  // Adding 1.5·2^mantissa rounds to a whole number, which is then in the low bits.
  constexpr T kRounding = kFloat ? T(12582912) : T(6755399441055744);
  constexpr T kLog2E = T(1.4426950408889634);
  constexpr T kLn2High = kFloat ? T(0.693359375) : T(0.693147180369123816490);
  constexpr T kLn2Low = kFloat ? T(-2.12194440054690583e-4) : T(1.90821492927058770002e-10);
  x = x < kLeast ? kLeast : x;
  const T shifted = x * kLog2E + kRounding;
  const T k = shifted - kRounding;
  const T r = (x - k * kLn2High) - k * kLn2Low;
  constexpr int kTerms = kFloat ? 7 : 13;
  T sum = 1;
  for (int term = kTerms; term > 0; --term) sum = 1 + sum * r * (T(1) / static_cast<T>(term));
  const Bits power = std::bit_cast<Bits>(shifted) << kMantissa;  // k into the exponent's place
  return std::bit_cast<T>(static_cast<Bits>(std::bit_cast<Bits>(sum) + power));
}

/// log(x) for normal x > 0, likewise: x = 2^k·m with √½ ≤ m < √2, and log m = 2 artanh(s), s = (m −
/// 1)/(m + 1), by its series.
[[gnu::always_inline]] inline double log_of_positive(double x) {
  constexpr int kMantissa = 52;
  constexpr std::uint64_t kOne = std::bit_cast<std::uint64_t>(1.0),
                          kRootHalf = std::bit_cast<std::uint64_t>(0.70710678118654752);
  constexpr double kLn2High = 0.693147180369123816490, kLn2Low = 1.90821492927058770002e-10;
  const auto bits = std::bit_cast<std::uint64_t>(x);
  // The exponent of x/√½, biased by 1023, and as a number by way of the low bits of 2^52.
  const std::uint64_t biased = (bits + (kOne - kRootHalf)) >> kMantissa;
  const double k =
      std::bit_cast<double>(biased | std::bit_cast<std::uint64_t>(0x1p52)) - (0x1p52 + 1023);
  const double m = std::bit_cast<double>(bits - (biased << kMantissa) + kOne);
  const double s = (m - 1) / (m + 1), square = s * s;
  constexpr int kTerms = 11;
  double sum = 1.0 / (2 * kTerms + 1);
  for (int term = kTerms - 1; term >= 0; --term) sum = sum * square + 1.0 / (2 * term + 1);
  return k * kLn2High + (2 * s * sum + k * kLn2Low);
}

}  // namespace metriclab
