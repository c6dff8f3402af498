// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <vector>

namespace metriclab {

// k methods on n data sets by their ranks, 1 the best, ties sharing the mean of their ranks.

struct FriedmanTest {
  std::vector<double> average_ranks;  // k
  double chi_squared = 0;             // Friedman's, k − 1 degrees of freedom
  double p_chi_squared = 1;
  double f = 0;  // Iman and Davenport's, k − 1 and (k − 1)(n − 1) degrees; infinite where all agree
  double p = 1;  // of f
};

/// The Friedman test, corrected for ties, and Iman and Davenport's form of it, which is less
/// conservative and the one to go by. With R_j the mean rank of method j and r_ij its rank on data
/// set i:
///
///     χ² = n²(k − 1)·Σ_j (R_j − (k + 1)/2)² / (Σ_ij r_ij² − n·k·(k + 1)²/4)
///     F = (n − 1)·χ² / (n·(k − 1) − χ²)
///
/// Friedman. JASA 1937; Iman, Davenport. Communications in Statistics 1980; Demšar. JMLR 2006,
/// section 3.2.2; for ties Conover. Practical nonparametric statistics. 1999, section 5.8. Where
/// all methods tie on every data set both are 0 and p = 1. Where all data sets rank the methods
/// alike, F is infinite and its p is exact instead: with c the ways to rank so, k!/Π t! for ties of
/// t,
///
///     p = c^(1−n)
///
/// Otherwise both are approximations, rough for few data sets and methods. `ranks`: n rows of k,
/// n ≥ 2, k ≥ 2. O(n·k).
FriedmanTest friedman_test(const std::vector<std::vector<double>>& ranks);

/// Standard error of a difference of two mean ranks: √(k(k + 1)/(6n)). Demšar. JMLR 2006, section
/// 3.2.2.
double rank_difference_error(std::int64_t k, std::int64_t n);

/// p of a difference between two mean ranks by itself, not corrected for there being others:
/// z = difference / rank_difference_error, normal. Demšar. JMLR 2006, section 3.2.2.
double rank_difference_p(double difference, std::int64_t k, std::int64_t n);

/// Nemenyi's test: p of a difference between two mean ranks, corrected for all pairs of k: the tail
/// of the studentized range with infinite degrees of freedom beyond √2·z. Nemenyi.
/// Distribution-free multiple comparisons. 1963; Demšar. JMLR 2006, section 3.2.2.
double nemenyi_p(double difference, std::int64_t k, std::int64_t n);

/// The difference of mean ranks from which on Nemenyi's test rejects:
///
///     CD = q_α/√2 · √(k(k + 1)/(6n))
double nemenyi_critical_difference(double alpha, std::int64_t k, std::int64_t n);

}  // namespace metriclab
