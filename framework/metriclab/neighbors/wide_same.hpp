// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// As METRICLAB_WIDE (data/wide.hpp), but the widest registers are left out: with them come sums of
/// products that are rounded once, of which x·a − y·b would not be 0 for equal rows. So such
/// functions give the same bits on every processor, and two that compute the same agree.
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__) && !defined(__clang__) && !defined(__FMA__)
#define METRICLAB_WIDE_SAME __attribute__((target_clones("avx2", "default")))
#else
#define METRICLAB_WIDE_SAME
#endif
